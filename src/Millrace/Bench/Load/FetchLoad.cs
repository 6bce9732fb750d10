using Millrace.Bench.Wire;

namespace Millrace.Bench.Load;

/// <summary>Many fetching connections at once, over records that are there.</summary>
internal static class FetchLoad
{
    /// <exception cref="BenchException">The topic is empty, or what came is not what was asked for.</exception>
    public static LoadResult Run(Cluster cluster, TopicPartitions topic, FetchOptions options, int? brokerPid) =>
        Run(cluster, topic, options, brokerPid, new LoadWindow(options.WarmUp, options.Duration, options.Bytes));

    /// <param name="cluster">Where.</param>
    /// <param name="topic">Of it.</param>
    /// <param name="options">What; but when is said by the window.</param>
    /// <param name="brokerPid">Null if the broker's process is not known.</param>
    /// <param name="window">Others may end it.</param>
    /// <exception cref="BenchException">The topic is empty, or what came is not what was asked for.</exception>
    public static LoadResult Run(
        Cluster cluster, TopicPartitions topic, FetchOptions options, int? brokerPid, LoadWindow window)
    {
        var ends = topic.Partitions.ToDictionary(
            partition => partition.Index,
            partition => (Start: cluster.StartOffset(topic, partition), End: cluster.EndOffset(topic, partition)));
        var filled = topic.Partitions
            .Where(partition => ends[partition.Index].End > ends[partition.Index].Start)
            .ToList();
        if (filled.Count == 0)
            throw new BenchException($"{topic.Name} has no records to fetch.");

        var workers = new List<FetchWorker>();
        try
        {
            foreach (var placement in Placement.Deal(topic with { Partitions = filled }, options.Connections))
            {
                var ranges = placement.Partitions
                    .Select(partition => new FetchRange(
                        partition.Index, ends[partition.Index].Start, ends[partition.Index].End))
                    .ToList();
                var exchange = new FetchExchange(placement.Broker, topic);
                workers.Add(new FetchWorker(exchange, topic.Name, ranges, options, window));
            }

            return LoadRun.Run(workers, window, brokerPid);
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }
}
