using Millrace.Core.Configs;

namespace Millrace.Broker.Partitions;

/// <summary>Applies retention to every partition now and then, on the background loop.</summary>
internal sealed class RetentionTask(TopicPartitions topics, ILoop loop, BrokerSettings settings)
{
    private readonly long _intervalMs = settings.Long("log.retention.check.interval.ms");

    public void Start() => loop.Schedule(loop.Steady + _intervalMs, Run);

    private void Run()
    {
        foreach (var partition in topics.Topics.SelectMany(topic => topic.Partitions))
            partition.ApplyRetention(loop.Now);
        Start();
    }
}
