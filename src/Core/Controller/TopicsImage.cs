using System.Collections.Immutable;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>A partition as the cluster's metadata has it.</summary>
internal sealed record PartitionImage(
    int Leader, LeaderEpoch LeaderEpoch, ImmutableArray<int> Replicas, ImmutableArray<int> Isr)
{
    /// <summary>The leader where there is none.</summary>
    public const int NoLeader = -1;

    /// <summary>What a change record has where the leader stays, in the same epoch.</summary>
    public const int LeaderStays = -2;

    /// <summary>Whose record is yet to come.</summary>
    public static readonly PartitionImage Unknown = new(NoLeader, LeaderEpoch.None, [], []);

    /// <summary>It grows by one with each change.</summary>
    public int PartitionEpoch { get; init; }

    /// <summary>For each replica the directory that holds it.</summary>
    public ImmutableArray<Uuid> Directories { get; init; } = [];

    public ImmutableArray<int> RemovingReplicas { get; init; } = [];

    public ImmutableArray<int> AddingReplicas { get; init; } = [];

    public ImmutableArray<int> EligibleLeaderReplicas { get; init; } = [];

    public ImmutableArray<int> LastKnownElr { get; init; } = [];

    /// <summary>1 while the leader of an unclean election recovers.</summary>
    public sbyte LeaderRecoveryState { get; init; }

    public static PartitionImage Of(PartitionRecord record) => new(
        record.Leader, new LeaderEpoch(record.LeaderEpoch), [.. record.Replicas], [.. record.Isr])
    {
        PartitionEpoch = record.PartitionEpoch,
        Directories = [.. record.Directories],
        RemovingReplicas = [.. record.RemovingReplicas],
        AddingReplicas = [.. record.AddingReplicas],
        EligibleLeaderReplicas = [.. record.EligibleLeaderReplicas ?? []],
        LastKnownElr = [.. record.LastKnownElr ?? []],
        LeaderRecoveryState = record.LeaderRecoveryState,
    };

    /// <summary>A leader that is named, be it the same, begins the next epoch.</summary>
    public PartitionImage After(PartitionChangeRecord change) => this with
    {
        Leader = change.Leader == LeaderStays ? Leader : change.Leader,
        LeaderEpoch = change.Leader == LeaderStays ? LeaderEpoch : new LeaderEpoch(LeaderEpoch.Value + 1),
        PartitionEpoch = PartitionEpoch + 1,
        Replicas = change.Replicas is { } replicas ? [.. replicas] : Replicas,
        Isr = change.Isr is { } isr ? [.. isr] : Isr,
        Directories = change.Directories is { } directories ? [.. directories] : Directories,
        RemovingReplicas = change.RemovingReplicas is { } removing ? [.. removing] : RemovingReplicas,
        AddingReplicas = change.AddingReplicas is { } adding ? [.. adding] : AddingReplicas,
        EligibleLeaderReplicas = change.EligibleLeaderReplicas is { } eligible ? [.. eligible] : EligibleLeaderReplicas,
        LastKnownElr = change.LastKnownElr is { } lastKnown ? [.. lastKnown] : LastKnownElr,
        LeaderRecoveryState = change.LeaderRecoveryState < 0 ? LeaderRecoveryState : change.LeaderRecoveryState,
    };

    public PartitionRecord Record(Uuid topic, int partition) => new()
    {
        PartitionId = partition,
        TopicId = topic,
        Replicas = [.. Replicas],
        Isr = [.. Isr],
        RemovingReplicas = [.. RemovingReplicas],
        AddingReplicas = [.. AddingReplicas],
        Leader = Leader,
        LeaderRecoveryState = LeaderRecoveryState,
        LeaderEpoch = LeaderEpoch.Value,
        PartitionEpoch = PartitionEpoch,
        Directories = [.. Directories],
        EligibleLeaderReplicas = EligibleLeaderReplicas.IsEmpty ? null : [.. EligibleLeaderReplicas],
        LastKnownElr = LastKnownElr.IsEmpty ? null : [.. LastKnownElr],
    };
}

/// <summary>A topic: its partitions by number, and the settings that it has of its own.</summary>
internal sealed record TopicImage(
    string Name, Uuid Id, ImmutableArray<PartitionImage> Partitions, ImmutableSortedDictionary<string, string> Configs);

/// <summary>The topics, by name and by id.</summary>
internal sealed record TopicsImage(
    ImmutableDictionary<string, TopicImage> ByName, ImmutableDictionary<Uuid, string> NamesById)
{
    public static readonly TopicsImage Empty = new(
        ImmutableDictionary.Create<string, TopicImage>(StringComparer.Ordinal),
        ImmutableDictionary<Uuid, string>.Empty);

    /// <summary>How far the records of a topic's partitions may be from their order.</summary>
    private const int MostOutOfOrder = 100_000;

    public IEnumerable<TopicImage> Values => ByName.Values;

    public IEnumerable<string> Names => ByName.Keys;

    public int PartitionCount => ByName.Values.Sum(topic => topic.Partitions.Length);

    public TopicImage? Find(string name) => ByName.GetValueOrDefault(name);

    public TopicImage? Find(Uuid id) => NamesById.TryGetValue(id, out var name) ? ByName[name] : null;

    public TopicsImage With(TopicImage topic) =>
        new(ByName.SetItem(topic.Name, topic), NamesById.SetItem(topic.Id, topic.Name));

    public TopicsImage Without(TopicImage topic) => new(ByName.Remove(topic.Name), NamesById.Remove(topic.Id));

    public TopicsImage Replay(IMessage record) => record switch
    {
        TopicRecord topic => With(
            new TopicImage(topic.Name, topic.TopicId, [], ImmutableSortedDictionary<string, string>.Empty)),
        RemoveTopicRecord removed => Find(removed.TopicId) is { } topic ? Without(topic) : this,
        PartitionRecord partition => Replay(partition),
        PartitionChangeRecord change => Replay(change),
        ConfigRecord config => Replay(config),
        ClearElrRecord clear => Replay(clear),
        _ => this,
    };

    public IEnumerable<IMessage> Records()
    {
        foreach (var topic in Values)
        {
            yield return new TopicRecord { Name = topic.Name, TopicId = topic.Id };
            for (var i = 0; i < topic.Partitions.Length; i++)
                yield return topic.Partitions[i].Record(topic.Id, i);
            foreach (var (name, value) in topic.Configs)
                yield return ConfigsImage.Record(ConfigResource.Topic, topic.Name, name, value);
        }
    }

    private TopicsImage Replay(PartitionRecord record)
    {
        var topic = Find(record.TopicId);
        Invariant.That(topic is not null && record.PartitionId >= 0);
        var partitions = topic.Partitions.ToBuilder();
        Invariant.That(record.PartitionId < partitions.Count + MostOutOfOrder);
        while (partitions.Count <= record.PartitionId)
            partitions.Add(PartitionImage.Unknown);
        partitions[record.PartitionId] = PartitionImage.Of(record);
        return With(topic with { Partitions = partitions.ToImmutable() });
    }

    private TopicsImage Replay(PartitionChangeRecord change)
    {
        var topic = Find(change.TopicId);
        Invariant.That(topic is not null && (uint)change.PartitionId < (uint)topic.Partitions.Length);
        return With(topic with
        {
            Partitions = topic.Partitions.SetItem(
                change.PartitionId, topic.Partitions[change.PartitionId].After(change)),
        });
    }

    private TopicsImage Replay(ConfigRecord record)
    {
        if (Find(record.ResourceName) is not { } topic)
            return this;
        return With(topic with
        {
            Configs = record.Value is null
                ? topic.Configs.Remove(record.Name)
                : topic.Configs.SetItem(record.Name, record.Value),
        });
    }

    private TopicsImage Replay(ClearElrRecord clear)
    {
        var image = this;
        foreach (var topic in clear.TopicName.Length == 0 ? Values : Find(clear.TopicName) is { } one ? [one] : [])
        {
            image = image.With(topic with
            {
                Partitions =
                [
                    .. topic.Partitions.Select(partition =>
                        partition with { EligibleLeaderReplicas = [], LastKnownElr = [] }),
                ],
            });
        }

        return image;
    }
}
