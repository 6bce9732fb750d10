using System.CommandLine;
using Millrace.Bench.Librdkafka;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench fetch</c>.</summary>
internal static class FetchBench
{
    private const int MostFetch = 128 << 20;

    public static Command Create()
    {
        var target = new TargetOptions();
        var window = new WindowOptions();
        var connections = BenchOption.Number("--connections", "Connections, a thread each.", 1, 1, 1000);
        var size = BenchOption.Size("--fetch-size", "The most that one request asks for.", "1MiB", 1, MostFetch);
        var fill = BenchOption.Size(
            "--fill", "What is produced first into a topic that is made.", "256MiB", 1, long.MaxValue);
        var record = BenchOption.Size("--record-size", "Bytes of a record produced first.", "1KiB", 8, MostFetch);
        var batch = BenchOption.Size("--batch-size", "Bytes of a batch produced first.", "64KiB", 1, MostFetch);
        var crc = new Option<bool>("--check-crc")
        {
            Description = "Compute each batch's checksum, at the client's cost.",
        };
        var client = BenchOption.Client();
        var command = new Command("fetch",
            "Fetch a topic from its start to its end, again and again, over plain connections. Offsets are checked.")
        {
            connections, size, fill, record, batch, crc, client,
        };
        window.AddTo(command);
        target.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var options = new FetchOptions(result.GetValue(connections), (int)result.GetValue(size))
            {
                WarmUp = window.WarmUp(result),
                Duration = window.Duration(result),
                Bytes = window.Bytes(result),
                ChecksCrc = result.GetValue(crc),
            };
            var spec = new BatchSpec((int)result.GetValue(record), (int)result.GetValue(batch));
            using var cluster = new Cluster(target.Bootstrap(result));
            using var topic = target.Topic(result, cluster);
            if (topic.IsOwn)
                Fill(cluster, topic.Topic, spec, result.GetValue(fill));
            Func<Cluster, TopicPartitions, FetchOptions, int?, LoadResult> run =
                result.GetValue(client) == BenchOption.Librdkafka ? LibrdkafkaLoad.Consume : FetchLoad.Run;
            var measured = run(cluster, topic.Topic, options, target.Pid(result));
            var limits = target.Limits(result)?.Measure(
                options.FetchBytes,
                writes: false,
                nullBroker: time => NullThroughput(run, options, spec, topic.Topic.Partitions.Count, time));
            var settings = new Dictionary<string, object>
            {
                ["fetchBytes"] = options.FetchBytes,
                ["connections"] = options.Connections,
                ["checkCrc"] = options.ChecksCrc,
                ["client"] = result.GetValue(client)!,
            };
            return target.Print(result, BenchReport.Of("fetch", settings, measured, "fetch", limits));
        }));
        return command;
    }

    public static void Fill(Cluster cluster, TopicPartitions topic, BatchSpec spec, long bytes) => ProduceLoad.Run(
        cluster,
        topic,
        new ProduceOptions(spec, Connections: 1, InFlight: 5, Acks: -1) { WarmUp = TimeSpan.Zero, Bytes = bytes },
        brokerPid: null);

    /// <summary>Bytes a second that the same load reaches against a broker that reads nothing.</summary>
    public static double NullThroughput(
        Func<Cluster, TopicPartitions, FetchOptions, int?, LoadResult> run, FetchOptions options, BatchSpec spec,
        int partitions, TimeSpan time)
    {
        using var broker = new NullBroker(partitions, spec.Build(seed: 0, timestampMs: 0));
        using var cluster = new Cluster(broker.Address);
        using var topic = BenchTopic.Open(cluster, null, partitions);
        var timed = options with { Duration = time, WarmUp = time / 4, Bytes = 0 };
        return run(cluster, topic.Topic, timed, null).MegabytesPerSecond * 1e6;
    }
}
