using System.CommandLine;
using Millrace.Bench.Librdkafka;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench produce</c>.</summary>
internal static class ProduceBench
{
    public static Command Create()
    {
        var target = new TargetOptions();
        var load = new LoadOptions();
        var window = new WindowOptions();
        var command = new Command("produce",
            "Produce batches that were encoded before, over plain connections. Error codes and offsets are checked.");
        var client = BenchOption.Client();
        command.Add(client);
        load.AddTo(command);
        window.AddTo(command);
        target.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var options = load.Read(result, window);
            using var cluster = new Cluster(target.Bootstrap(result));
            using var topic = target.Topic(result, cluster);
            var isLibrdkafka = result.GetValue(client) == BenchOption.Librdkafka;
            if (isLibrdkafka && (options.TransactionBatches > 0 || options.BytesPerSecond > 0))
                throw new UsageException("--transaction and --rate are for --client wire.");
            Func<Cluster, TopicPartitions, ProduceOptions, int?, LoadResult> run =
                isLibrdkafka ? LibrdkafkaLoad.Produce : ProduceLoad.Run;
            var measured = run(cluster, topic.Topic, options, target.Pid(result));
            var limits = target.Limits(result)?.Measure(
                options.Batch.BatchBytes,
                nullBroker: time => NullThroughput(run, options, topic.Topic.Partitions.Count, time));
            var settings = load.Settings(options);
            settings["client"] = result.GetValue(client)!;
            return target.Print(result, BenchReport.Of("produce", settings, measured, "ack", limits));
        }));
        return command;
    }

    /// <summary>Bytes a second that the same load reaches against a broker that stores nothing.</summary>
    public static double NullThroughput(
        Func<Cluster, TopicPartitions, ProduceOptions, int?, LoadResult> run, ProduceOptions options, int partitions,
        TimeSpan time)
    {
        using var broker = new NullBroker(partitions);
        using var cluster = new Cluster(broker.Address);
        using var topic = BenchTopic.Open(cluster, null, partitions);
        var unlimited = options with { Duration = time, WarmUp = time / 4, Bytes = 0, BytesPerSecond = 0 };
        return run(cluster, topic.Topic, unlimited, null).MegabytesPerSecond * 1e6;
    }
}
