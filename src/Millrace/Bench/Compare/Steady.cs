using Millrace.Bench.Brokers;
using Millrace.Bench.Commands;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>
/// Ten seconds of producing and fetching, and what the broker's runtime allocated and collected meanwhile. What the
/// question itself costs is asked first, and taken off.
/// </summary>
internal static class Steady
{
    private const long BytesPerSecond = 100_000_000;
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static IEnumerable<Figure> Run(Visit visit)
    {
        if (visit.Metrics is not { } metrics)
            return [];
        using var topic = BenchTopic.Open(visit.Cluster, null);
        using var read = BenchTopic.Open(visit.Cluster, null);
        FetchBench.Fill(visit.Cluster, read.Topic, new BatchSpec(1 << 10, 32 << 10), 64L << 20);
        var window = new LoadWindow(TimeSpan.Zero, TimeSpan.FromHours(1));
        using var own = new Cluster(visit.Cluster.Bootstrap);
        var threads = new List<Thread>
        {
            Start(() => ProduceLoad.Run(visit.Cluster, topic.Topic, new ProduceOptions(
                new BatchSpec(100, 16 << 10), Connections: 1, InFlight: 5, Acks: 1)
            {
                BytesPerSecond = BytesPerSecond,
            }, brokerPid: null, window)),
            Start(() => FetchLoad.Run(own, read.Topic, new FetchOptions(1, 64 << 10), brokerPid: null, window)),
        };
        Thread.Sleep(WarmUp);
        var asked = RuntimeFigures.Read(metrics);
        var before = RuntimeFigures.Read(metrics);
        Thread.Sleep(Seconds);
        var after = RuntimeFigures.Read(metrics);
        window.End();
        threads.ForEach(thread => thread.Join());
        var allocated = after.AllocatedBytes - before.AllocatedBytes - (before.AllocatedBytes - asked.AllocatedBytes);
        return
        [
            new Figure("collections in 10 s", after.Collections - before.Collections),
            new Figure("allocated B/s", Math.Max(0, Math.Round(allocated / Seconds.TotalSeconds))),
        ];
    }

    private static Thread Start(Action load)
    {
        var thread = new Thread(() =>
        {
            try
            {
                load();
            }
            catch (BenchException failure)
            {
                Console.Error.WriteLine(failure.Message);
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }
}
