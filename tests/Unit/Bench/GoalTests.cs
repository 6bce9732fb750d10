using Millrace.Bench;
using Millrace.Bench.Compare;

namespace Millrace.Unit.Bench;

public sealed class GoalTests
{
    private static readonly IReadOnlyList<ComparedRow> Rows =
    [
        new("produce",
        [
            new("MB/s", new Spread(600, 500, 700), new Spread(100, 90, 120)),
            new("null broker MB/s", new Spread(1200, 1200, 1200), null),
        ]),
        new("start", [new("ms", null, new Spread(1000, 900, 1100))]),
    ];

    [Theory]
    [InlineData("A[produce MB/s] >= 600", 600, true)]
    [InlineData("A[produce MB/s] <= 599.9", 600, false)]
    [InlineData("A[produce MB/s] / B[produce MB/s] >= 6", 6, true)]
    [InlineData("A[produce MB/s] / A[produce null broker MB/s] >= 0.51", 0.5, false)]
    public void A_condition_is_of_medians(string condition, double value, bool isMet)
    {
        var goal = Goal.Parse([$"a name: with: colons: {condition}"]).Single();

        Assert.Equal("a name: with: colons", goal.Name);
        Assert.Equal(value, goal.Conditions.Single().Value(Rows));
        Assert.Equal(isMet, goal.Conditions.Single().IsMet(value));
    }

    [Theory]
    [InlineData("A[start ms] <= 1")]
    [InlineData("B[produce null broker MB/s] <= 1")]
    [InlineData("A[nothing MB/s] <= 1")]
    [InlineData("A[produce MB/s] / A[start ms] <= 1")]
    public void What_was_not_measured_has_no_value(string condition) =>
        Assert.Null(Goal.Parse([$"name: {condition}"]).Single().Conditions.Single().Value(Rows));

    [Fact]
    public void Of_several_conditions_each_is_read() => Assert.Equal(
        ["at most 5", "at least 2"],
        Goal.Parse(["name: A[a b] <= 5 or A[a b] / B[a b] >= 2"]).Single()
            .Conditions.Select(condition => condition.ToString()));

    [Fact]
    public void Empty_lines_and_remarks_are_none() => Assert.Empty(Goal.Parse(["", "  ", "# a: A[b c] <= 1"]));

    [Theory]
    [InlineData("no condition")]
    [InlineData("name: C[a b] <= 1")]
    [InlineData("name: A[a b] < 1")]
    [InlineData("name: A[a b]")]
    public void What_is_no_goal_is_refused(string line) =>
        Assert.Throws<UsageException>(() => Goal.Parse([line]));
}
