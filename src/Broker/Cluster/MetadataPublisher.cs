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
/// Makes this node what the metadata says: opens the logs of new partitions, drops those of deleted topics, gives each
/// its leader epoch and settings.
/// </summary>
/// <remarks>
/// <para>Owned by the controller shard and called on its loop alone. 1. A partition that can be found has an open log.
/// 2. A deleted topic can't be found before its files go. 3. A topic never gets the records of a former one of its
/// name. 4. What the disk refuses concerns one topic: it is told, the topic is not hosted, the next call tries
/// again.</para>
/// </remarks>
internal sealed class MetadataPublisher(
    IDisk disk, TopicPartitions topics, IReadOnlyList<ICoordinators> coordinators, IFlushQueue flushQueue,
    BrokerSettings settings, IClock clock)
{
    private const string Probe = "room.tmp";
    private const long ProbeBytes = 64 << 10;

    /// <summary>What the files and the folder of a new partition take, in whole blocks.</summary>
    private const long PartitionBytes = 16 << 10;

    private ClusterImage _published = ClusterImage.Empty;

    /// <summary>Whether the logs that exist were closed in order.</summary>
    public bool WereLogsClosed { get; init; }

    public required LogCheckpoints Checkpoints { get; init; }

    public required Action<string> Log { get; init; }

    private RepeatedWork Work => field ??= new RepeatedWork(Log);

    /// <summary>A log could not be opened yet: it is not known to be in order when the others are.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether the disk has room for a change that makes so many partitions.</summary>
    public bool HasRoom(int partitions)
    {
        try
        {
            using (var file = disk.Open(Probe))
                file.Reserve(ProbeBytes + (partitions * PartitionBytes));
            return true;
        }
        catch (DiskFullException)
        {
            return false;
        }
        finally
        {
            disk.Delete(Probe);
        }
    }

    /// <summary>
    /// False if not all topics could be opened: it is to be called again, without another change too.
    /// </summary>
    public bool Publish(ClusterImage image)
    {
        var isWhole = true;
        foreach (var hosted in topics.Topics)
        {
            if (image.Find(hosted.Id) is null)
                Drop(hosted);
        }

        // In the order of the names, so that a run can be repeated.
        foreach (var topic in image.Topics.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal))
        {
            var present = topics.Find(topic.Id)?.Partitions ?? [];
            if (present.Length < topic.Partitions.Length)
                isWhole &= Open(topic, present, image.Configs);
            if (image.Configs != _published.Configs || !ReferenceEquals(_published.Find(topic.Id), topic))
                Apply(topic, present, image.Configs);
        }

        foreach (var kind in coordinators)
            kind.Publish(image);
        _published = image;
        HasFailed = !isWhole;
        if (isWhole)
            Checkpoints.KnowGaps();
        return isWhole;
    }

    private void Apply(TopicImage topic, ImmutableArray<Partition> present, ConfigsImage cluster)
    {
        var logSettings = TopicLogSettings.Of(topic, cluster, settings);
        for (var i = 0; i < present.Length; i++)
        {
            present[i].LeaderEpoch = topic.Partitions[i].LeaderEpoch;
            present[i].Log.Settings = logSettings;
        }
    }

    private bool Open(TopicImage topic, ImmutableArray<Partition> present, ConfigsImage cluster)
    {
        var opened = present.ToBuilder();
        if (!Work.Try(() => OpenLogs(topic, opened, cluster), topic.Name, "can't be opened", "is open"))
        {
            foreach (var partition in opened.Skip(present.Length))
                partition.Log.Close(clean: false);
            return false;
        }

        topics.Set(new HostedTopic(topic.Name, topic.Id, opened.ToImmutable()));
        foreach (var partition in opened)
            topics.Unsettled.Add(partition);
        return true;
    }

    private void OpenLogs(TopicImage topic, ImmutableArray<Partition>.Builder opened, ConfigsImage cluster)
    {
        var logSettings = TopicLogSettings.Of(topic, cluster, settings);
        while (opened.Count < topic.Partitions.Length)
        {
            var id = new TopicPartition(topic.Name, opened.Count);
            opened.Add(new Partition(id, topic.Id, Open(id, topic.Id, logSettings), flushQueue)
            {
                Unsettled = topics.Unsettled,
                LeaderEpoch = topic.Partitions[id.Partition].LeaderEpoch,
            });
        }

        coordinators.FirstOrDefault(kind => kind.Topic == topic.Name)?.Serve(opened.ToImmutable());
    }

    private PartitionLog Open(TopicPartition id, Uuid topicId, LogSettings logSettings)
    {
        var opening = Checkpoints.Opening(id, WereLogsClosed, Log);
        var log = PartitionLog.Open(disk, id, logSettings, clock.Now, opening);
        Checkpoints.NoteGaps(log, log.GapsBelow);
        if (opening.GapsBelow is { } before && before != new Offset(long.MaxValue) && log.GapsBelow < before)
            Checkpoints.Write(); // what is missing there is lost, and must not look as if it had been cleaned
        if (log.TopicId == topicId)
            return log;
        if (!log.TopicId.IsZero)
        {
            // The files of a former topic of this name could not be deleted. Its points go with them.
            log.Delete();
            log.Close(clean: false);
            Checkpoints.Forget([id]);
            log = PartitionLog.Open(disk, id, logSettings, clock.Now, Checkpoints.Opening(id, WereLogsClosed, Log));
        }

        log.AssignTopicId(topicId);
        return log;
    }

    private void Drop(HostedTopic topic)
    {
        topics.Remove(topic);
        coordinators.FirstOrDefault(kind => kind.Topic == topic.Name)?.Serve([]);
        foreach (var partition in topic.Partitions)
        {
            partition.Close();
            Work.Try(partition.Log.Delete, partition.Id.ToString(), "can't be deleted", "is deleted");
        }

        Work.Try(
            () => Checkpoints.Forget(topic.Partitions.Select(partition => partition.Id)),
            "The checkpoint files", "can't be written", "are written again");
    }
}
