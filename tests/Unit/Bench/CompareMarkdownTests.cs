using Millrace.Bench;
using Millrace.Bench.Compare;

namespace Millrace.Unit.Bench;

public sealed class CompareMarkdownTests
{
    private static readonly CompareReport Report = new(
        "ours {data}", "theirs {data}", 1, IsPageCacheEmptied: true,
        [
            new("produce",
            [
                new("MB/s", new Spread(600, 500, 700), new Spread(100, 80, 125)),
                new("null broker MB/s", new Spread(1234.4, 1234.4, 1234.4), null),
            ]),
        ],
        Limits: null, ["the machine was not idle"]);

    [Fact]
    public void Figures_stand_with_their_least_and_most()
    {
        var text = CompareMarkdown.Of(Report, []);

        Assert.Contains(
            "| produce | MB/s | 600 (500-700) | 100 (80.0-125) | 6.00 (4.00-8.75) |", text, StringComparison.Ordinal);
        Assert.Contains("| produce | null broker MB/s | 1,234 |  |  |", text, StringComparison.Ordinal);
        Assert.Contains("- the machine was not idle", text, StringComparison.Ordinal);
        Assert.Contains("A  ours {data}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Goals_are_met_not_met_or_not_measured()
    {
        var text = CompareMarkdown.Of(Report, Goal.Parse(
        [
            "fast: A[produce MB/s] / B[produce MB/s] >= 5",
            "faster: A[produce MB/s] / B[produce MB/s] >= 7",
            "either: A[produce MB/s] >= 1000 or A[produce MB/s] / B[produce MB/s] >= 6",
            "unknown: A[start ms] <= 1",
        ]));

        Assert.Contains("| fast | at least 5 | 6.00 | met |", text, StringComparison.Ordinal);
        Assert.Contains("| faster | at least 7 | 6.00 | **not met** |", text, StringComparison.Ordinal);
        Assert.Contains("| either | at least 1000 or at least 6 | 600; 6.00 | met |", text, StringComparison.Ordinal);
        Assert.Contains("| unknown | at most 1 | - | not measured |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_stands_between_the_marks_is_replaced() => Assert.Equal(
        "a\n<!-- figures: begin -->\nnew\n<!-- figures: end -->\nz",
        CompareMarkdown.Into("a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nz", "new\n"));

    [Fact]
    public void A_document_without_marks_is_refused() =>
        Assert.Throws<BenchException>(() => CompareMarkdown.Into("a", "new"));

    [Fact]
    public void A_ratio_has_its_bounds()
    {
        var figure = new ComparedFigure("MB/s", new Spread(6, 4, 8), new Spread(2, 1, 4));

        Assert.Equal((3, 1, 8), (figure.Ratio, figure.RatioMin, figure.RatioMax));
        Assert.Null((figure with { B = null }).Ratio);
        Assert.Null((figure with { B = new Spread(0, 0, 0) }).Ratio);
    }

    [Fact]
    public void The_median_of_an_even_number_lies_between() =>
        Assert.Equal(new Spread(2.5, 1, 10), Spread.Of([10, 1, 3, 2]));
}
