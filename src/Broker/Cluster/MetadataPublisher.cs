using System.Collections.Immutable;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// Makes this node what the metadata says: opens the logs of new partitions, drops those of deleted topics.
/// </summary>
/// <remarks>
/// <para>Owned by the controller shard and called on its loop alone. 1. A partition that can be found has an open log.
/// 2. A deleted topic can't be found before its files go. 3. A topic never gets the records of a former one of its
/// name.</para>
/// </remarks>
internal sealed class MetadataPublisher(
    IDisk disk, TopicPartitions topics, GroupCoordinators coordinators, IFlushQueue flushQueue, BrokerSettings settings,
    IClock clock)
{
    /// <summary>Whether the logs that exist were closed in order.</summary>
    public bool WereLogsClosed { get; init; }

    public void Publish(ClusterImage image)
    {
        foreach (var hosted in topics.Topics)
        {
            if (image.Find(hosted.Id) is null)
                Drop(hosted);
        }

        foreach (var topic in image.Topics.Values)
        {
            var present = topics.Find(topic.Id)?.Partitions ?? [];
            if (present.Length < topic.Partitions.Length)
                Open(topic, present);
        }
    }

    private void Open(TopicImage topic, ImmutableArray<Partition> present)
    {
        var opened = present.ToBuilder();
        var logSettings = TopicLogSettings.Of(topic, settings);
        for (var number = present.Length; number < topic.Partitions.Length; number++)
        {
            var id = new TopicPartition(topic.Name, number);
            opened.Add(new Partition(id, topic.Id, Open(id, topic.Id, logSettings), flushQueue));
        }

        var hosted = new HostedTopic(topic.Name, topic.Id, opened.ToImmutable());
        topics.Set(hosted);
        if (topic.Name == TopicName.ConsumerOffsets)
            coordinators.Serve(hosted.Partitions);
    }

    private PartitionLog Open(TopicPartition id, Uuid topicId, LogSettings logSettings)
    {
        var opening = new LogOpening(WereLogsClosed, Offset.Zero, Offset.Zero);
        var log = PartitionLog.Open(disk, id, logSettings, clock.Now, opening);
        if (log.TopicId == topicId)
            return log;
        if (!log.TopicId.IsZero)
        {
            // A crash came between the deletion of a former topic of this name and that of its files.
            log.Delete();
            log.Close(clean: false);
            log = PartitionLog.Open(disk, id, logSettings, clock.Now, opening);
        }

        log.AssignTopicId(topicId);
        return log;
    }

    private void Drop(HostedTopic topic)
    {
        topics.Remove(topic);
        if (topic.Name == TopicName.ConsumerOffsets)
            coordinators.Serve([]);
        foreach (var partition in topic.Partitions)
        {
            partition.Close();
            partition.Log.Delete();
        }
    }
}
