using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>The same loads through a client that people use.</summary>
internal static class LibrdkafkaLoad
{
    /// <exception cref="BenchException">A record was not delivered.</exception>
    public static LoadResult Produce(Cluster cluster, TopicPartitions topic, ProduceOptions options, int? brokerPid)
    {
        var window = new LoadWindow(options.WarmUp, options.Duration, options.Bytes);
        return Run(
            Enumerable.Range(0, options.Connections)
                .Select(_ => new LibrdkafkaProducer(cluster.Bootstrap, topic.Name, options, window)),
            window, brokerPid);
    }

    /// <exception cref="BenchException">Records are missing, or out of order.</exception>
    public static LoadResult Consume(Cluster cluster, TopicPartitions topic, FetchOptions options, int? brokerPid)
    {
        var window = new LoadWindow(options.WarmUp, options.Duration, options.Bytes);
        var ranges = topic.Partitions.ToDictionary(
            partition => partition.Index,
            partition => (Start: cluster.StartOffset(topic, partition), End: cluster.EndOffset(topic, partition)));
        return Run(
            Enumerable.Range(0, options.Connections)
                .Select(_ => new LibrdkafkaConsumer(cluster.Bootstrap, topic.Name, ranges, options, window)),
            window, brokerPid);
    }

    /// <exception cref="BenchException">A record was not delivered.</exception>
    public static EndToEndResult EndToEnd(Cluster cluster, TopicPartitions topic, EndToEndLoad load, int? brokerPid)
    {
        var window = new LoadWindow(load.WarmUp, load.Duration);
        var start = cluster.EndOffset(topic, topic.Partitions[0]);
        using var sender = new LibrdkafkaSender(cluster.Bootstrap, topic.Name, load, window);
        using var receiver = new LibrdkafkaReceiver(cluster.Bootstrap, topic.Name, start, sender, window);
        var result = LoadRun.Run([receiver, sender], window, brokerPid);
        return new EndToEndResult(
            result, LatencyReport.Of(receiver.Latency)!, LatencyReport.Of(sender.AckLatency)!,
            LatencyReport.Of(sender.Lateness)!);
    }

    private static LoadResult Run(IEnumerable<ILoadWorker> made, LoadWindow window, int? brokerPid)
    {
        var workers = new List<ILoadWorker>();
        try
        {
            workers.AddRange(made);
            return LoadRun.Run(workers, window, brokerPid);
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }
}
