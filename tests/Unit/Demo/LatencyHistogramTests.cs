using Millrace.Demo;

namespace Millrace.Unit.Demo;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(0.5, 500_000)]
    [InlineData(0.99, 990_000)]
    [InlineData(1, 1_000_000)]
    public void APercentileIsAtMostASixteenthTooHigh(double share, double exactMicros)
    {
        var histogram = new LatencyHistogram();
        for (var micros = 1; micros <= 1_000_000; micros++)
            histogram.Record(micros);

        Assert.InRange(histogram.Milliseconds(share) * 1000, exactMicros, exactMicros * 17 / 16);
    }

    [Fact]
    public void WhatIsTakenAndAddedElsewhereIsTheSame()
    {
        var (from, to) = (new LatencyHistogram(), new LatencyHistogram());
        from.Record(3);
        from.Record(40_000);
        from.Record(long.MaxValue);

        to.Add(from.Take());

        Assert.Equal((0, 3), (from.Count, to.Count));
        Assert.Equal(0.003, to.Milliseconds(0.1));
    }
}
