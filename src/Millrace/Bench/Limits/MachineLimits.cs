using Millrace.Bench.Reports;

namespace Millrace.Bench.Limits;

/// <summary>Measures the limits of the machine, for as long as each may take.</summary>
internal sealed record MachineLimits(string Directory, TimeSpan Each)
{
    /// <param name="chunkBytes">The size of the pieces in which the benchmark moves bytes.</param>
    /// <param name="pingsPerSecond">How often round trips are made; 0 for one after the other.</param>
    /// <param name="writes">The benchmark writes: the disk is a limit.</param>
    /// <param name="nullBroker">Runs the benchmark's load against a null broker; its bytes a second. Null for none.
    /// </param>
    public LimitReport Measure(
        int chunkBytes, int pingsPerSecond = 0, bool writes = true, Func<TimeSpan, double>? nullBroker = null)
    {
        (double Written, double Flushed)? disk =
            writes ? DiskLimit.BytesPerSecond(Directory, chunkBytes, Each) : null;
        return new LimitReport
        {
            LoopbackMegabytesPerSecond = Megabytes(Loopback.BytesPerSecond(chunkBytes, Each)),
            NullBrokerMegabytesPerSecond = nullBroker is null ? null : Megabytes(nullBroker(Each)),
            DiskWriteMegabytesPerSecond = disk is null ? null : Megabytes(disk.Value.Written),
            DiskFlushedMegabytesPerSecond = disk is null ? null : Megabytes(disk.Value.Flushed),
            FdatasyncMicros = !writes ? null : DiskLimit.Fdatasync(Directory, chunkBytes, Each),
            PingMicros = Loopback.Ping(Each, pingsPerSecond),
        };
    }

    /// <summary>MB/s of one file that grows and does not stay in the page cache.</summary>
    public double SustainedWrite(int chunkBytes) =>
        Megabytes(DiskLimit.BytesPerSecond(Directory, chunkBytes, 2 * Each).Flushed);

    /// <summary>A flush behind each append.</summary>
    public LatencyReport Fdatasync(int chunkBytes) => DiskLimit.Fdatasync(Directory, chunkBytes, Each);

    /// <summary>MB/s of one file that is not in the page cache.</summary>
    public double ColdRead() => Megabytes(DiskLimit.ReadBytesPerSecond(Directory));

    private static double Megabytes(double bytes) => Math.Round(bytes / 1e6, 1);
}
