using Millrace.Bench.Commands;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>A workload of a comparison.</summary>
/// <param name="Name">What <c>--rows</c> calls it.</param>
/// <param name="Run">Measures the broker of a visit.</param>
internal sealed record CompareRow(string Name, Func<Visit, IEnumerable<Figure>> Run)
{
    private const short AllReplicas = -1;
    private const long FilledBytes = 512L << 20;
    private const long LongBytes = 20L << 30;

    private static readonly BatchSpec Small = new(100, 16 << 10);
    private static readonly BatchSpec Large = new(1 << 10, 64 << 10);

    // Kafka's message.max.bytes is 1048588.
    private static readonly BatchSpec Largest = new(1 << 10, 1_000_000);

    /// <summary>In the order in which a visit runs them.</summary>
    public static IReadOnlyList<CompareRow> All { get; } =
    [
        Produce("produce-100B-16K", Small, connections: 1, acks: 1),
        Produce("produce-4-100B-16K", Small, connections: 4, acks: 1),
        Produce("produce-all-100B-16K", Small, connections: 4, AllReplicas),
        Produce("produce-flushed-100B-16K", Small, connections: 4, AllReplicas, ("flush.messages", "1")),
        Produce("produce-1K-64K", Large, connections: 4, acks: 1),
        Produce("produce-1K-1M", Largest, connections: 4, acks: 1),
        Produce("produce-keyed-50-4K", new BatchSpec(100, 4 << 10, IsKeyed: true), connections: 50, acks: 1),
        Fetch("fetch-64K", connections: 4, fetchBytes: 64 << 10),
        Fetch("fetch-1M", connections: 1, fetchBytes: 1 << 20),
        new("catch-up", CatchUp.Run),
        EndToEnd("e2e-1000", acks: 1),
        EndToEnd("e2e-all-1000", AllReplicas),
        .. ClientRows.Librdkafka,
        .. ClientRows.KafkaTools,
    ];

    /// <summary>Of the first broker alone, in one visit: too long for a broker of any speed.</summary>
    public static IReadOnlyList<CompareRow> Alone { get; } =
    [
        new("produce-20G-1K-64K", Long),
        new("steady", Steady.Run),
    ];

    public static IEnumerable<Figure> Figures(BenchReport report)
    {
        if (report.Figures.TryGetValue(BenchReport.Throughput, out var throughput))
            yield return new Figure("MB/s", throughput);
        foreach (var (name, latency) in report.LatencyMicros)
        {
            yield return new Figure($"{name} p50 µs", latency.P50);
            yield return new Figure($"{name} p99 µs", latency.P99);
            yield return new Figure($"{name} p99.9 µs", latency.P999);
            yield return new Figure($"{name} max µs", latency.Max);
        }

        if (report.Broker is { } broker)
        {
            yield return throughput > 0
                ? new Figure("CPU s/GB", broker.CpuSecondsPerGb)
                : new Figure("CPU cores", broker.CpuCores);
            yield return new Figure("RSS MB", broker.RssBytes / 1e6);
        }

        if (report.Client is { } client)
            yield return new Figure("client CPU cores", client.CpuCores);
    }

    private static CompareRow Produce(
        string name, BatchSpec spec, int connections, short acks, params (string Name, string Value)[] configs) =>
        new(name, visit =>
        {
            var options = new ProduceOptions(spec, connections, InFlight: 5, acks)
            {
                WarmUp = visit.WarmUp, Duration = visit.Duration,
            };
            using var topic = BenchTopic.Open(visit.Cluster, null, configs: configs);
            var result = ProduceLoad.Run(visit.Cluster, topic.Topic, options, visit.Pid);
            return
            [
                .. Figures(BenchReport.Of(name, [], result, "ack", limits: null)),
                .. visit.Limit("null broker MB/s", limits =>
                    ProduceBench.NullThroughput(ProduceLoad.Run, options, 1, limits.Each) / 1e6),
                .. visit.Limit("disk MB/s", limits => limits.SustainedWrite(spec.BatchBytes)),
            ];
        });

    private static List<Figure> Long(Visit visit)
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        var options = new ProduceOptions(Large, Connections: 4, InFlight: 5, Acks: 1)
        {
            WarmUp = TimeSpan.Zero, Bytes = LongBytes,
        };
        var result = ProduceLoad.Run(visit.Cluster, topic.Topic, options, visit.Pid);
        return
        [
            .. Figures(BenchReport.Of("produce", [], result, "ack", limits: null)),
            .. visit.Limit("disk MB/s", limits => limits.SustainedWrite(Large.BatchBytes)),
        ];
    }

    private static CompareRow Fetch(string name, int connections, int fetchBytes) => new(name, visit =>
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        var spec = new BatchSpec(1 << 10, 32 << 10);
        FetchBench.Fill(visit.Cluster, topic.Topic, spec, FilledBytes);
        var options = new FetchOptions(connections, fetchBytes) { WarmUp = visit.WarmUp, Duration = visit.Duration };
        var result = FetchLoad.Run(visit.Cluster, topic.Topic, options, visit.Pid);
        return
        [
            .. Figures(BenchReport.Of(name, [], result, "fetch", limits: null)),
            .. visit.Limit("null broker MB/s", limits =>
                FetchBench.NullThroughput(FetchLoad.Run, options, spec, 1, limits.Each) / 1e6),
            .. visit.Limit("loopback MB/s", limits => Loopback.BytesPerSecond(fetchBytes, limits.Each) / 1e6),
        ];
    });

    private static CompareRow EndToEnd(string name, short acks) => new(name, visit =>
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        var load = new EndToEndLoad(RecordBytes: 100, PerSecond: 1000, acks)
        {
            WarmUp = visit.WarmUp, Duration = 2 * visit.Duration,
        };
        var measured = load.Run(visit.Cluster, topic.Topic, visit.Pid);
        var ping = visit.Limits is { } limits ? Loopback.Ping(2 * limits.Each, load.PerSecond) : null;
        var flush = visit.Limits?.Fdatasync(load.RecordBytes);
        return
        [
            .. Figures(EndToEndBench.Report(load, measured, limits: null)),
            .. visit.Limit("ping p50 µs", _ => ping!.P50),
            .. visit.Limit("ping p99 µs", _ => ping!.P99),
            .. visit.Limit("ping p99.9 µs", _ => ping!.P999),
            .. visit.Limit("fdatasync p50 µs", _ => flush!.P50),
        ];
    });
}
