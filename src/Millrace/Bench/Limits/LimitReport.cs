using Millrace.Bench.Reports;

namespace Millrace.Bench.Limits;

/// <summary>What the machine gave in the minute of a benchmark; null where it was not measured. MB = 10^6 bytes.
/// </summary>
internal sealed record LimitReport
{
    /// <summary>One stream over loopback, in pieces of the benchmark's requests.</summary>
    public double LoopbackMegabytesPerSecond { get; init; }

    /// <summary>The same load against a broker that stores nothing.</summary>
    public double? NullBrokerMegabytesPerSecond { get; init; }

    /// <summary>Appending to a file, as far as the page cache.</summary>
    public double? DiskWriteMegabytesPerSecond { get; init; }

    /// <summary>Appending to a file, down to stable storage.</summary>
    public double? DiskFlushedMegabytesPerSecond { get; init; }

    /// <summary>Reading a file that is not in the page cache.</summary>
    public double? DiskReadMegabytesPerSecond { get; init; }

    /// <summary>Each append of the benchmark's size flushed.</summary>
    public LatencyReport? FdatasyncMicros { get; init; }

    /// <summary>A round trip over loopback.</summary>
    public required LatencyReport PingMicros { get; init; }
}
