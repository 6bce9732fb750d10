namespace Millrace.Bench.Limits;

/// <summary>Measures the limits of the machine, for as long as each may take.</summary>
internal sealed record MachineLimits(string Directory, TimeSpan Each)
{
    /// <param name="chunkBytes">The size of the pieces in which the benchmark moves bytes.</param>
    /// <param name="pingsPerSecond">How often round trips are made; 0 for one after the other.</param>
    /// <param name="nullBroker">Runs the benchmark's load against a null broker; its bytes a second. Null for none.
    /// </param>
    public LimitReport Measure(int chunkBytes, int pingsPerSecond = 0, Func<TimeSpan, double>? nullBroker = null)
    {
        var (written, flushed) = DiskLimit.BytesPerSecond(Directory, chunkBytes, Each);
        return new LimitReport
        {
            LoopbackMegabytesPerSecond = Megabytes(Loopback.BytesPerSecond(chunkBytes, Each)),
            NullBrokerMegabytesPerSecond = nullBroker is null ? null : Megabytes(nullBroker(Each)),
            DiskWriteMegabytesPerSecond = Megabytes(written),
            DiskFlushedMegabytesPerSecond = Megabytes(flushed),
            FdatasyncMicros = DiskLimit.Fdatasync(Directory, chunkBytes, Each),
            PingMicros = Loopback.Ping(Each, pingsPerSecond),
        };
    }

    private static double Megabytes(double bytes) => Math.Round(bytes / 1e6, 1);
}
