namespace Millrace.Clients.Conformance;

/// <summary>
/// Raw requests of every API in every version, scenario by scenario, answered as Apache Kafka answered them when the
/// answers were recorded. What is meant to differ stands in <c>differences.txt</c>, and must differ
/// where it doesn't say that it may.
/// </summary>
public sealed class ConformanceTests(ConformanceRun run) : IClassFixture<ConformanceRun>
{
    public static TheoryData<string> Scenarios => [.. ConformanceRun.Scenarios];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task AnswersAsKafkaDoes(string scenario)
    {
        var answers = await run.Answers(scenario);
        var expected = ConformanceRun.Expected(scenario);
        var meant = ConformanceRun.Differences(scenario);

        var differing = expected.Keys.Union(answers.Keys)
            .Where(step => expected.GetValueOrDefault(step) != answers.GetValueOrDefault(step)).ToList();

        foreach (var step in differing.Except(meant.Select(difference => difference.Step)))
        {
            Assert.Fail($"{scenario}: {step}\n- {expected.GetValueOrDefault(step, "(no such step)")}"
                + $"+ {answers.GetValueOrDefault(step, "(no such step)")}");
        }

        Assert.Empty(meant.Where(difference => !difference.IsOptional)
            .Select(difference => difference.Step).Except(differing));
    }
}
