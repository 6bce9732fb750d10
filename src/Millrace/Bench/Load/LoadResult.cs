using Millrace.Bench.Reports;

namespace Millrace.Bench.Load;

/// <summary>What a load came to in its window.</summary>
internal sealed record LoadResult(
    double Seconds, LoadCounters Counters, ProcessReport? Broker, ProcessReport? Client)
{
    public double MegabytesPerSecond => Counters.Bytes / Seconds / 1e6;
}
