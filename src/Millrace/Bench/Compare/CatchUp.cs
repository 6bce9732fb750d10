using Millrace.Bench.Brokers;
using Millrace.Bench.Commands;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>
/// A consumer that was away reads from the disk what has left the page cache, while 100 MB/s are produced elsewhere:
/// how fast it is, and what the producer feels of it.
/// </summary>
internal static class CatchUp
{
    private const long FilledBytes = 4L << 30;
    private const long ProducedPerSecond = 100_000_000;
    private const int FetchBytes = 1 << 20;

    private static readonly BatchSpec Batch = new(1 << 10, 64 << 10);

    public static IEnumerable<Figure> Run(Visit visit)
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        using var other = BenchTopic.Open(visit.Cluster, null);
        FetchBench.Fill(visit.Cluster, topic.Topic, Batch, FilledBytes);
        var options = new ProduceOptions(Batch, Connections: 1, InFlight: 5, Acks: 1)
        {
            WarmUp = TimeSpan.FromSeconds(1), Duration = visit.Duration, BytesPerSecond = ProducedPerSecond,
        };
        var isCold = BrokerData.TryEmptyPageCache();
        var idle = ProduceLoad.Run(visit.Cluster, other.Topic, options, brokerPid: null);
        var (fetched, produced) = Both(visit, topic.Topic, other.Topic, options);
        var name = isCold ? "MB/s" : "MB/s, page cache not emptied";
        return
        [
            new Figure(name, Math.Round(fetched.MegabytesPerSecond, 1)),
            new Figure("produce p99 idle µs", LatencyReport.Of(idle.Counters.Latency)!.P99),
            new Figure("produce p99 µs", LatencyReport.Of(produced.Counters.Latency)!.P99),
            new Figure("produced MB/s", Math.Round(produced.MegabytesPerSecond, 1)),
            .. fetched.Broker is { } broker ? [new Figure("CPU cores", broker.CpuCores)] : Array.Empty<Figure>(),
            .. visit.Limit("disk read MB/s", limits => limits.ColdRead()),
        ];
    }

    private static (LoadResult Fetched, LoadResult Produced) Both(
        Visit visit, TopicPartitions read, TopicPartitions written, ProduceOptions options)
    {
        var window = new LoadWindow(TimeSpan.Zero, TimeSpan.FromHours(1));
        LoadResult? produced = null;
        Exception? failure = null;
        using var own = new Cluster(visit.Cluster.Bootstrap);
        var thread = new Thread(() =>
        {
            try
            {
                produced = ProduceLoad.Run(own, written, options, brokerPid: null, window);
            }
            catch (BenchException wrong)
            {
                failure = wrong;
            }
        })
        { IsBackground = true, Name = "bench-producer" };
        thread.Start();
        LoadResult fetched;
        try
        {
            var fetch = new FetchOptions(Connections: 1, FetchBytes)
            {
                // Of the end, which is still in memory, nothing is read twice.
                WarmUp = TimeSpan.Zero, Bytes = FilledBytes * 9 / 10,
            };
            fetched = FetchLoad.Run(visit.Cluster, read, fetch, visit.Pid);
        }
        finally
        {
            window.End();
            thread.Join();
        }

        return (fetched, produced ?? throw new BenchException("The producer failed beside a catch-up.", failure));
    }
}
