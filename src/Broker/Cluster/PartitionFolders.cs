using System.Collections.Immutable;
using System.Globalization;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// The folders of partitions in a data directory, before their logs are opened: what is there is made to agree with
/// the metadata, or the metadata with it where there is none.
/// </summary>
/// <remarks>
/// <para>1. A folder is deleted only if its name says that it was being deleted, or the metadata that its topic was.
/// 2. A folder that the metadata does not know is kept under a name that nobody opens.</para>
/// </remarks>
internal sealed class PartitionFolders(IDisk disk, Action<string> log)
{
    private const string Deleted = "-delete";
    private const string Stray = "-stray";
    private const int IdDigits = 32;

    private bool _isAdopting; // topics of a time before partition.metadata

    private static readonly string[] Checkpoints =
    [
        LogCheckpoints.RecoveryPointPath, OffsetCheckpoint.LogStart, OffsetCheckpoint.HighWatermark,
        OffsetCheckpoint.Cleaner, OffsetCheckpoint.Gaps,
    ];

    /// <summary>
    /// The topics of a directory without metadata, as one of Kafka with ZooKeeper is, where settings and numbers of
    /// partitions were kept elsewhere.
    /// </summary>
    public ImmutableArray<AdoptedTopic> Adopt()
    {
        var cleaned = new OffsetCheckpoint(disk, OffsetCheckpoint.Cleaner);
        var topics = Find().GroupBy(folder => folder.Partition.Topic)
            .OrderBy(topic => topic.Key, StringComparer.Ordinal)
            .Select(topic => Adopt(topic.Key, [.. topic], cleaned)).ToImmutableArray();
        _isAdopting = topics.Length > 0;
        if (_isAdopting)
        {
            log("The directory has no metadata: its "
                + (topics.Length == 1 ? "topic is adopted " : $"{topics.Length} topics are adopted ")
                + $"({string.Join(", ", topics.Select(topic => $"{topic.Name} {topic.Epochs.Length}"))}), with the "
                + "default settings, but nothing is deleted by time until retention.ms is set.");
        }

        return topics;
    }

    /// <summary>Deletes what was being deleted, and puts aside what the metadata does not know.</summary>
    public void PutInOrder(ClusterImage image, IReadOnlySet<Uuid> deletedTopics)
    {
        var isChanged = false;
        foreach (var name in disk.List("").Where(IsDeleted))
        {
            disk.DeleteDirectory(name);
            isChanged = true;
        }

        foreach (var folder in Find())
        {
            var topic = image.Find(folder.Partition.Topic);
            if (topic is not null && folder.Partition.Partition >= topic.Partitions.Length)
                topic = null;
            if (topic is not null && folder.TopicId.IsZero && !_isAdopting && HasRecords(folder))
            {
                log($"{folder.Name}/partition.metadata was damaged or missing, and is made again with the topic's id: "
                    + "look after the disk.");
            }

            if (topic is not null && (folder.TopicId.IsZero || folder.TopicId == topic.Id))
                continue;
            isChanged = true;
            if (topic is not null && PartitionMetadata.IsDamaged(folder.TopicId, topic.Id))
                Mend(folder, topic.Id);
            else if (deletedTopics.Contains(folder.TopicId))
                disk.DeleteDirectory(folder.Name);
            else
                PutAside(folder);
        }

        if (isChanged)
            disk.FlushDirectory("");
    }

    /// <summary>
    /// The partitions that the checkpoint files still name, but not the metadata: a new topic of the name must not get
    /// their points.
    /// </summary>
    public List<TopicPartition> Unknown(ClusterImage image) =>
    [
        .. Checkpoints.Where(disk.Exists).SelectMany(file => DiskFiles.ReadLines(disk, file)).Distinct()
            .Select(line => line.Split(' '))
            .Where(parts => parts.Length == 3 && int.TryParse(parts[1], out var number)
                && parts[0] != TopicName.ClusterMetadata && !(image.Find(parts[0])?.Partitions.Length > number))
            .Select(parts => new TopicPartition(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)))
            .Distinct(),
    ];

    private static bool IsDeleted(string name) =>
        name.EndsWith(Deleted, StringComparison.Ordinal)
        && name.LastIndexOf('.') is var dot and > 0 && name.Length - Deleted.Length - dot - 1 == IdDigits
        && name.AsSpan(dot + 1, IdDigits).IndexOfAnyExcept("0123456789abcdef") < 0;

    private void Mend(PartitionFolder folder, Uuid topicId)
    {
        PartitionMetadata.Write(disk, folder.Name, topicId);
        log($"{folder.Name}/partition.metadata was damaged and is mended: it said {Named(folder.TopicId)}, which is "
            + $"{topicId} but for a few bits.");
    }

    private void PutAside(PartitionFolder folder)
    {
        var aside = $"{folder.Name}.{folder.TopicId.High:x16}{folder.TopicId.Low:x16}{Stray}";
        while (disk.Exists(aside))
            aside = "_" + aside;
        disk.Rename(folder.Name, aside);
        log($"The metadata does not know {folder.Name} ({Named(folder.TopicId)}): it is now {aside}. Delete it if "
            + "nobody misses its records.");
    }

    private static string Named(Uuid topicId) => topicId.IsZero ? "no topic id" : $"topic id {topicId}";

    private AdoptedTopic Adopt(string topic, List<PartitionFolder> folders, OffsetCheckpoint cleaned)
    {
        var count = folders.Max(folder => folder.Partition.Partition) + 1;
        var epochs = Enumerable.Repeat(LeaderEpoch.None, count).ToArray();
        foreach (var folder in folders)
            epochs[folder.Partition.Partition] = new LeaderEpochs(disk, folder.Name).Latest;
        if (folders.Count < count)
        {
            var present = folders.Select(folder => folder.Partition.Partition);
            log($"{topic} has no folder of the partitions "
                + $"{string.Join(", ", Enumerable.Range(0, count).Except(present))}: they begin empty.");
        }

        return new AdoptedTopic(topic, folders[0].TopicId, [.. epochs], Configs(topic, folders, cleaned));
    }

    /// <summary>
    /// What the data shows of a topic's settings. Nothing is deleted that somebody may have meant to keep.
    /// </summary>
    private ImmutableSortedDictionary<string, string> Configs(
        string topic, List<PartitionFolder> folders, OffsetCheckpoint cleaned)
    {
        var configs = ImmutableSortedDictionary.CreateBuilder<string, string>();
        if (TopicName.IsInternal(topic))
        {
            foreach (var (name, value) in InternalTopic.Of(topic).Configs)
                configs[name] = value;
            return configs.ToImmutable();
        }

        if (folders.Any(folder => cleaned.Of(folder.Partition) != Offset.None))
            configs["cleanup.policy"] = "compact";
        else
            configs["retention.ms"] = "-1";
        if (folders.Any(HasAppendTimes))
            configs["message.timestamp.type"] = nameof(TimestampType.LogAppendTime);
        return configs.ToImmutable();
    }

    private bool HasRecords(PartitionFolder folder)
    {
        foreach (var name in disk.List(folder.Name).Where(name => name.EndsWith(".log", StringComparison.Ordinal)))
        {
            using var file = disk.Open($"{folder.Name}/{name}");
            if (file.Length > 0)
                return true;
        }

        return false;
    }

    private bool HasAppendTimes(PartitionFolder folder)
    {
        var header = new byte[RecordBatch.HeaderSize];
        foreach (var name in disk.List(folder.Name).Where(name => name.EndsWith(".log", StringComparison.Ordinal)))
        {
            using var file = disk.Open($"{folder.Name}/{name}");
            if (file.Read(0, header) == header.Length)
                return RecordBatch.FromHeader(header).TimestampType == TimestampType.LogAppendTime;
        }

        return false;
    }

    /// <summary>The folders named TOPIC-PARTITION, but for that of the metadata.</summary>
    private List<PartitionFolder> Find()
    {
        var folders = new List<PartitionFolder>();
        foreach (var name in disk.List(""))
        {
            var dash = name.LastIndexOf('-');
            if (dash > 0 && name != LocalMetadataLog.Folder
                && int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && TopicName.WhatIsWrong(name[..dash]) is null)
                folders.Add(new PartitionFolder(
                    name, new TopicPartition(name[..dash], number), PartitionMetadata.Read(disk, name)));
        }

        return [.. folders.OrderBy(folder => folder.Partition.Partition)];
    }

    private readonly record struct PartitionFolder(string Name, TopicPartition Partition, Uuid TopicId);
}
