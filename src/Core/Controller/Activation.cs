using System.Collections.Immutable;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>The metadata says what this node alone cannot do, with what to do about it.</summary>
internal sealed class UnservableMetadataException(string message) : IOException(message);

/// <summary>What a node knows of itself when it takes up the metadata.</summary>
internal sealed record NodeState(Uuid DirectoryId, Uuid IncarnationId)
{
    /// <summary>
    /// Every log was closed in order. If not, what was appended last may be cut, and other records may take those
    /// offsets: each partition begins a new leader epoch.
    /// </summary>
    public bool WasCleanlyShutDown { get; init; }

    /// <summary>The log holds no record of the cluster yet, but perhaps a snapshot that it began with.</summary>
    public bool IsLogEmpty { get; init; }

    /// <summary>The offset that the first decided record gets.</summary>
    public long LogEndOffset { get; init; }

    public string Host { get; init; } = "";

    public int Port { get; init; }

    /// <summary>Topics of a data directory that has no metadata.</summary>
    public ImmutableArray<AdoptedTopic> Adopted { get; init; } = [];
}

/// <summary>A topic of which there are folders but no metadata.</summary>
/// <param name="Name">From the folders.</param>
/// <param name="Id">From partition.metadata; zero where there is none.</param>
/// <param name="Epochs">For each partition the newest leader epoch of its log.</param>
/// <param name="Configs">What its data shows.</param>
internal sealed record AdoptedTopic(
    string Name, Uuid Id, ImmutableArray<LeaderEpoch> Epochs, ImmutableSortedDictionary<string, string> Configs);

/// <summary>
/// The decisions of a node that takes up the metadata of a data directory: it ends what a former controller left open,
/// gives a new cluster its features, registers itself, and becomes the leader of every partition. Pure.
/// </summary>
internal sealed class Activation(int nodeId, NodeState node, ClusterImage image, IRandomness randomness)
{
    private const string MinInSyncReplicas = "min.insync.replicas";
    private const short Plaintext = 0;

    /// <summary>
    /// Where producer ids go on of which the next one stood in ZooKeeper: no cluster has given out so many.
    /// </summary>
    private const long BeyondZooKeeper = 1_000_000_000_000;

    public void Decide(bool isTransactionOpen, List<IMessage> records)
    {
        if (isTransactionOpen)
            records.Add(new AbortTransactionRecord { Reason = "The controller that began it is gone." });
        var hasFeatures = image.Features.Levels.ContainsKey(FeaturesImage.MetadataVersion);
        if (node.IsLogEmpty || !hasFeatures)
            BeginCluster(hasFeatures, records);
        records.Add(Registration(node.LogEndOffset + records.Count));
        if (!node.Adopted.IsEmpty)
            records.Add(new ProducerIdsRecord { BrokerId = -1, NextProducerId = BeyondZooKeeper });
        foreach (var topic in node.Adopted)
            Adopt(topic, records);
        foreach (var topic in image.Topics.Values)
        {
            for (var i = 0; i < topic.Partitions.Length; i++)
            {
                if (Change(topic, i) is { } change)
                    records.Add(change);
            }
        }
    }

    /// <summary>What the log lacks that it must have: what the snapshot has it began with, and the features.</summary>
    private void BeginCluster(bool hasFeatures, List<IMessage> records)
    {
        if (!hasFeatures)
            records.AddRange(FeaturesImage.OfNewCluster.Records());
        if (node.IsLogEmpty)
            records.AddRange(image.Records());
        if (!image.Configs.OfAllBrokers.ContainsKey(MinInSyncReplicas))
            records.Add(ConfigsImage.Record(ConfigResource.Broker, ConfigsImage.AllBrokers, MinInSyncReplicas, "1"));
    }

    private RegisterBrokerRecord Registration(long epoch)
    {
        var levels = image.Features.Levels.IsEmpty ? FeaturesImage.OfNewCluster.Levels : image.Features.Levels;
        return new RegisterBrokerRecord
        {
            BrokerId = nodeId,
            IncarnationId = node.IncarnationId,
            BrokerEpoch = epoch,
            EndPoints =
            [
                new() { Name = "PLAINTEXT", Host = node.Host, Port = (ushort)node.Port, SecurityProtocol = Plaintext },
            ],
            Features =
            [
                .. levels.Select(level => new RegisterBrokerRecord.BrokerFeature
                {
                    Name = level.Key,
                    MinSupportedVersion = level.Key == FeaturesImage.MetadataVersion ? level.Value : (short)0,
                    MaxSupportedVersion = level.Value,
                }),
            ],
            Fenced = false,
            LogDirs = [node.DirectoryId],
        };
    }

    private void Adopt(AdoptedTopic topic, List<IMessage> records)
    {
        var id = topic.Id.IsZero ? randomness.NewUuid() : topic.Id;
        records.Add(new TopicRecord { Name = topic.Name, TopicId = id });
        foreach (var (name, value) in topic.Configs)
            records.Add(ConfigsImage.Record(ConfigResource.Topic, topic.Name, name, value));
        for (var i = 0; i < topic.Epochs.Length; i++)
        {
            var epoch = new LeaderEpoch(topic.Epochs[i].Value + 1);
            records.Add(new PartitionImage(nodeId, epoch, [nodeId], [nodeId])
            {
                Directories = [node.DirectoryId],
            }.Record(id, i));
        }
    }

    /// <summary>What makes this node the leader of a partition, and its only replica; null where it is.</summary>
    private PartitionChangeRecord? Change(TopicImage topic, int number)
    {
        var partition = topic.Partitions[number];
        if (!partition.Replicas.Contains(nodeId))
        {
            throw new UnservableMetadataException(
                $"The records of {topic.Name}-{number} are on the brokers {string.Join(", ", partition.Replicas)}, and "
                + $"this is node {nodeId}, which is alone: move the partition to it before, or start Kafka.");
        }

        if (!HasAllRecords(partition))
        {
            throw new UnservableMetadataException(
                $"This node is not in sync for {topic.Name}-{number}: records would be missing. Let it catch up in its "
                + "former cluster before.");
        }

        var change = new PartitionChangeRecord { TopicId = topic.Id, PartitionId = number };
        var isChanged = partition.Leader != nodeId || !node.WasCleanlyShutDown;
        if (isChanged)
            change.Leader = nodeId;
        if (!IsOnly(partition.Isr, nodeId))
            (change.Isr, isChanged) = ([nodeId], true);
        if (!IsOnly(partition.Replicas, nodeId))
            (change.Replicas, isChanged) = ([nodeId], true);
        if (!IsOnly(partition.Directories, node.DirectoryId))
            (change.Directories, isChanged) = ([node.DirectoryId], true);
        if (!partition.EligibleLeaderReplicas.IsEmpty)
            (change.EligibleLeaderReplicas, isChanged) = ([], true);
        if (!partition.LastKnownElr.IsEmpty)
            (change.LastKnownElr, isChanged) = ([], true);
        if (!partition.RemovingReplicas.IsEmpty)
            (change.RemovingReplicas, isChanged) = ([], true);
        if (!partition.AddingReplicas.IsEmpty)
            (change.AddingReplicas, isChanged) = ([], true);
        if (partition.LeaderRecoveryState != 0)
            (change.LeaderRecoveryState, isChanged) = (0, true);
        return isChanged ? change : null;
    }

    /// <summary>A sole replica has what there is; one of several must have been in sync.</summary>
    private bool HasAllRecords(PartitionImage partition) =>
        partition.Replicas.Length == 1 || partition.Isr.Contains(nodeId)
        || partition.EligibleLeaderReplicas.Contains(nodeId)
        || (partition.Isr.IsEmpty && partition.EligibleLeaderReplicas.IsEmpty
            && partition.LastKnownElr.Contains(nodeId));

    private static bool IsOnly<T>(ImmutableArray<T> items, T item)
        where T : struct, IEquatable<T> => items is [var only] && only.Equals(item);
}
