using Millrace.Bench.Brokers;
using Millrace.Bench.Commands;
using Millrace.Bench.Librdkafka;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>Workloads through clients that people use: librdkafka, and Kafka's own tools in Java.</summary>
internal static class ClientRows
{
    private const long FilledBytes = 1L << 30;

    public static IReadOnlyList<CompareRow> Librdkafka { get; } =
    [
        Produce("librdkafka-produce-100B", new BatchSpec(100, 128 << 10)),
        Produce("librdkafka-produce-1K", new BatchSpec(1 << 10, 512 << 10)),
        Consume("librdkafka-consume-1K", new BatchSpec(1 << 10, 64 << 10)),
        new("librdkafka-e2e-1000", EndToEnd),
    ];

    public static IReadOnlyList<CompareRow> KafkaTools { get; } =
    [
        Producer("java-produce-100B", recordBytes: 100, records: 3_000_000),
        Producer("java-produce-1K", recordBytes: 1024, records: 1_000_000),
        Consumer("java-consume-100B", new BatchSpec(100, 16 << 10), FilledBytes / 2),
        Consumer("java-consume-1K", new BatchSpec(1 << 10, 64 << 10), FilledBytes * 2),
        new("java-e2e", JavaEndToEnd),
    ];

    private static CompareRow Produce(string name, BatchSpec spec) => new(name, visit =>
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        var options = new ProduceOptions(spec, Connections: 1, InFlight: 5, Acks: 1)
        {
            WarmUp = visit.WarmUp, Duration = visit.Duration,
        };
        var result = LibrdkafkaLoad.Produce(visit.Cluster, topic.Topic, options, visit.Pid);
        return
        [
            .. CompareRow.Figures(BenchReport.Of(name, [], result, "ack", limits: null)),
            .. visit.Limit("null broker MB/s", _ =>
                ProduceBench.NullThroughput(LibrdkafkaLoad.Produce, options, 1, visit.Duration) / 1e6),
        ];
    });

    private static CompareRow Consume(string name, BatchSpec spec) => new(name, visit =>
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        FetchBench.Fill(visit.Cluster, topic.Topic, spec, FilledBytes);
        var options = new FetchOptions(Connections: 1, FetchBytes: 1 << 20)
        {
            WarmUp = visit.WarmUp, Duration = visit.Duration,
        };
        var result = LibrdkafkaLoad.Consume(visit.Cluster, topic.Topic, options, visit.Pid);
        return
        [
            .. CompareRow.Figures(BenchReport.Of(name, [], result, "consume", limits: null)),
            .. visit.Limit("null broker MB/s", _ =>
                FetchBench.NullThroughput(LibrdkafkaLoad.Consume, options, spec, 1, visit.Duration) / 1e6),
        ];
    });

    private static List<Figure> EndToEnd(Visit visit)
    {
        using var topic = BenchTopic.Open(visit.Cluster, null);
        var load = new EndToEndLoad(RecordBytes: 100, PerSecond: 1000, Acks: 1)
        {
            WarmUp = visit.WarmUp, Duration = visit.Duration,
        };
        var measured = LibrdkafkaLoad.EndToEnd(visit.Cluster, topic.Topic, load, visit.Pid);
        return [.. CompareRow.Figures(EndToEndBench.Report(load, measured, limits: null))];
    }

    private static CompareRow Producer(string name, int recordBytes, int records) => Tool(name, (visit, tool, topic) =>
    {
        var output = tool.Run("ProducerPerformance",
            $"--bootstrap-server {visit.Cluster.Bootstrap} --topic {topic.Name} --num-records {records} "
            + $"--record-size {recordBytes} --throughput -1");
        return new Figure("MB/s", Math.Round(PerfTool.ProducerMegabytes(output), 1));
    });

    private static CompareRow Consumer(string name, BatchSpec spec, long bytes) => Tool(name, (visit, tool, topic) =>
    {
        FetchBench.Fill(visit.Cluster, topic, spec, bytes);
        var records = visit.Cluster.EndOffset(topic, topic.Partitions[0]);
        var output = tool.Run("ConsumerPerformance",
            $"--bootstrap-server {visit.Cluster.Bootstrap} --topic {topic.Name} --num-records {records}");
        return new Figure("MB/s", Math.Round(PerfTool.ConsumerMegabytes(output), 1));
    });

    private static IEnumerable<Figure> JavaEndToEnd(Visit visit) => Tool("java-e2e", (_, tool, topic) =>
    {
        const int records = 5000;
        var output = tool.Run("EndToEndLatency", $"{visit.Cluster.Bootstrap} {topic.Name} {records} 1 100");
        return new Figure("average ms", PerfTool.AverageMillis(output));
    }).Run(visit);

    private static CompareRow Tool(string name, Func<Visit, PerfTool, TopicPartitions, Figure> run) =>
        new(name, visit =>
        {
            if (visit.Tool is not { } tool)
                return [];
            using var topic = BenchTopic.Open(visit.Cluster, null);
            var before = ProcessUsage.Of(visit.Pid);
            var figure = run(visit, tool, topic.Topic);
            return ProcessReport.Between(before, ProcessUsage.Of(visit.Pid), bytes: 0) is { } broker
                ? [figure, new Figure("CPU cores", broker.CpuCores)]
                : [figure];
        });
}
