using Millrace.Core.Configs;
using Millrace.Core.Log;

namespace Millrace.Broker.Partitions;

/// <summary>
/// Applies retention to every partition now and then, on the background loop, and tells of each topic what went. First
/// of all it tells what the first check will take, while there is time to change a setting.
/// </summary>
internal sealed class RetentionTask(TopicPartitions topics, ILoop loop, BrokerSettings settings, Action<string> log)
{
    private const int TopicsNamed = 10;

    private readonly long _intervalMs = settings.Long("log.retention.check.interval.ms");

    public void Start()
    {
        loop.Post(Announce);
        Schedule();
    }

    private void Schedule() => loop.Schedule(loop.Steady + _intervalMs, Run);

    private void Run()
    {
        try
        {
            foreach (var topic in topics.Topics)
            {
                var deleted = Of(topic, partition => partition.ApplyRetention(loop.Now));
                if (deleted.Segments > 0)
                    log($"Retention deleted {deleted} of {topic.Name}.");
            }
        }
        finally
        {
            Schedule();
        }
    }

    private void Announce()
    {
        var due = topics.Topics
            .Select(topic => (topic.Name, Expired: Of(topic, partition => partition.DueForRetention(loop.Now))))
            .Where(topic => topic.Expired.Segments > 0).ToList();
        if (due.Count == 0)
            return;
        var names = string.Join(", ", due.Take(TopicsNamed).Select(topic => topic.Name));
        var all = due.Aggregate(default(Expired), (sum, topic) => sum + topic.Expired);
        log($"Retention will delete {all} at its first check, in {_intervalMs / 1000} s, of {names}"
            + (due.Count > TopicsNamed ? $" and {due.Count - TopicsNamed} more" : "")
            + ": to keep them set retention.ms, or retention.bytes, to -1.");
    }

    /// <summary>One partition that can't be read leaves the others their retention.</summary>
    private Expired Of(HostedTopic topic, Func<Partition, Expired> expired)
    {
        var sum = default(Expired);
        foreach (var partition in topic.Partitions)
        {
            try
            {
                sum += expired(partition);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                log($"Old records of {partition.Id} can't be deleted: {failure.Message}");
            }
        }

        return sum;
    }
}
