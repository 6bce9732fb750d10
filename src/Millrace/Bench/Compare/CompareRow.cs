using Millrace.Bench.Commands;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>A workload of a comparison.</summary>
/// <param name="Name">What <c>--rows</c> calls it.</param>
/// <param name="Run">Measures a cluster, given its process and how long to warm up and to measure.</param>
internal sealed record CompareRow(string Name, Func<Cluster, int?, TimeSpan, TimeSpan, BenchReport> Run)
{
    private const long FilledBytes = 512L << 20;
    private const short AllReplicas = -1;

    /// <summary>In the order in which a visit runs them.</summary>
    public static IReadOnlyList<CompareRow> All { get; } =
    [
        Produce("produce-100B-16K", new BatchSpec(100, 16 << 10), connections: 1, acks: 1),
        Produce("produce-1K-64K", new BatchSpec(1 << 10, 64 << 10), connections: 4, acks: 1),

        // Kafka's message.max.bytes is 1048588.
        Produce("produce-1K-1M", new BatchSpec(1 << 10, 1_000_000), connections: 4, acks: 1),
        Produce("produce-all-100B-16K", new BatchSpec(100, 16 << 10), connections: 4, AllReplicas),
        Produce("produce-keyed-50-4K", new BatchSpec(100, 4 << 10, IsKeyed: true), connections: 50, acks: 1),
        Fetch("fetch-64K", connections: 4, fetchBytes: 64 << 10),
        Fetch("fetch-1M", connections: 1, fetchBytes: 1 << 20),
        EndToEnd("e2e-1000", acks: 1),
        EndToEnd("e2e-all-1000", AllReplicas),
    ];

    private static CompareRow Produce(string name, BatchSpec spec, int connections, short acks) =>
        new(name, (cluster, pid, warmUp, duration) =>
        {
            using var topic = BenchTopic.Open(cluster, null);
            var options = new ProduceOptions(spec, connections, InFlight: 5, acks)
            {
                WarmUp = warmUp, Duration = duration,
            };
            return BenchReport.Of(name, [], ProduceLoad.Run(cluster, topic.Topic, options, pid), "ack", limits: null);
        });

    private static CompareRow Fetch(string name, int connections, int fetchBytes) =>
        new(name, (cluster, pid, warmUp, duration) =>
        {
            using var topic = BenchTopic.Open(cluster, null);
            FetchBench.Fill(cluster, topic.Topic, new BatchSpec(1 << 10, 32 << 10), FilledBytes);
            var options = new FetchOptions(connections, fetchBytes) { WarmUp = warmUp, Duration = duration };
            return BenchReport.Of(name, [], FetchLoad.Run(cluster, topic.Topic, options, pid), "fetch", limits: null);
        });

    private static CompareRow EndToEnd(string name, short acks) =>
        new(name, (cluster, pid, warmUp, duration) =>
        {
            using var topic = BenchTopic.Open(cluster, null);
            var load = new EndToEndLoad(RecordBytes: 100, PerSecond: 1000, acks)
            {
                WarmUp = warmUp, Duration = duration,
            };
            return EndToEndBench.Report(load, load.Run(cluster, topic.Topic, pid), limits: null);
        });
}
