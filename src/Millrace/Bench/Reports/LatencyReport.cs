using HdrHistogram;

namespace Millrace.Bench.Reports;

/// <summary>Percentiles of a latency, in microseconds.</summary>
internal sealed record LatencyReport(long Count, double P50, double P99, double P999, double Max, double Mean)
{
    private const int SignificantDigits = 3;
    private const double NanosecondsInMicro = 1000;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>A histogram of nanoseconds. Not thread-safe.</summary>
    public static LongHistogram NewHistogram() => new((long)Longest.TotalNanoseconds, SignificantDigits);

    public static void Record(LongHistogram histogram, TimeSpan latency) =>
        histogram.RecordValue((long)Math.Clamp(latency.TotalNanoseconds, 0, Longest.TotalNanoseconds));

    /// <summary>Null when nothing was recorded.</summary>
    public static LatencyReport? Of(LongHistogram histogram) => histogram.TotalCount == 0 ? null : new LatencyReport(
        histogram.TotalCount, Micros(histogram.GetValueAtPercentile(50)), Micros(histogram.GetValueAtPercentile(99)),
        Micros(histogram.GetValueAtPercentile(99.9)), Micros(histogram.GetMaxValue()), Micros(histogram.GetMean()));

    public override string ToString() => FormattableString.Invariant(
        $"p50 {P50:0.0} p99 {P99:0.0} p99.9 {P999:0.0} max {Max:0.0} µs, {Count} taken");

    private static double Micros(double nanoseconds) => Math.Round(nanoseconds / NanosecondsInMicro, 1);
}
