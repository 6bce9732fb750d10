using Millrace.Core.Configs;

namespace Millrace.Broker.Partitions;

/// <summary>Applies retention to every partition now and then, on the background loop.</summary>
internal sealed class RetentionTask(TopicPartitions topics, ILoop loop, BrokerSettings settings, Action<string> log)
{
    private readonly long _intervalMs = settings.Long("log.retention.check.interval.ms");

    public void Start() => loop.Schedule(loop.Steady + _intervalMs, Run);

    private void Run()
    {
        try
        {
            foreach (var partition in topics.Topics.SelectMany(topic => topic.Partitions))
                Apply(partition);
        }
        finally
        {
            Start();
        }
    }

    /// <summary>One partition that can't be read leaves the others their retention.</summary>
    private void Apply(Partition partition)
    {
        try
        {
            partition.ApplyRetention(loop.Now);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log($"Old records of {partition.Id} can't be deleted: {failure.Message}");
        }
    }
}
