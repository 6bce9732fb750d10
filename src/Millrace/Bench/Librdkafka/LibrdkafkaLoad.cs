using Millrace.Bench.Load;
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
