using System.Diagnostics;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Load;

/// <summary>Many producing connections at once; the log must have grown by exactly what was acknowledged.</summary>
internal static class ProduceLoad
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <exception cref="BenchException">The broker refused a batch, or its offsets are wrong.</exception>
    public static LoadResult Run(Cluster cluster, TopicPartitions topic, ProduceOptions options, int? brokerPid) =>
        Run(cluster, topic, options, brokerPid, new LoadWindow(options.WarmUp, options.Duration, options.Bytes));

    /// <param name="cluster">Where.</param>
    /// <param name="topic">Of it.</param>
    /// <param name="options">What; but when is said by the window.</param>
    /// <param name="brokerPid">Null if the broker's process is not known.</param>
    /// <param name="window">Others may end it.</param>
    /// <exception cref="BenchException">The broker refused a batch, or its offsets are wrong.</exception>
    public static LoadResult Run(
        Cluster cluster, TopicPartitions topic, ProduceOptions options, int? brokerPid, LoadWindow window)
    {
        var before = cluster.EndOffsets(topic);
        var workers = new List<ProduceWorker>();
        try
        {
            foreach (var placement in Placement.Deal(topic, options.Connections))
                workers.Add(new ProduceWorker(placement, topic, options, window, workers.Count));
            var result = LoadRun.Run(workers, window, brokerPid);
            Verify(cluster, topic, before, workers);
            return result;
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }

    private static void Verify(
        Cluster cluster, TopicPartitions topic, Dictionary<int, long> before, List<ProduceWorker> workers)
    {
        foreach (var partition in topic.Partitions)
        {
            var expected = before[partition.Index]
                + workers.Sum(worker => worker.Acknowledged.GetValueOrDefault(partition.Index))
                + workers.Where(worker => worker.Partitions.Contains(partition.Index)).Sum(worker => worker.Commits);
            var began = Stopwatch.GetTimestamp();
            long end;

            // Without acks, or behind the last marker of a transaction, the end is not there at once.
            while ((end = cluster.EndOffset(topic, partition)) < expected && Stopwatch.GetElapsedTime(began) < Patience)
                Thread.Sleep(Pause);
            if (end != expected)
            {
                throw new BenchException(
                    $"{topic.Name}-{partition.Index} ends at {end}, but what was acknowledged ends at {expected}. "
                    + "Does somebody else write there?");
            }
        }
    }
}
