using Millrace.Bench.Reports;

namespace Millrace.Bench.Load;

/// <summary>What a load came to in its window.</summary>
internal sealed record LoadResult(
    double Seconds, LoadCounters Counters, ProcessReport? Broker, ProcessReport? Client)
{
    /// <summary>What the generator itself allocated meanwhile: next to nothing, or it may be the limit.</summary>
    public long ClientAllocatedBytes { get; init; }

    public double MegabytesPerSecond => Counters.Bytes / Seconds / 1e6;
}
