using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>What an offset is committed for.</summary>
internal readonly record struct OffsetKey(string Group, string Topic, int Partition);

/// <summary>
/// What a group committed for a partition. <see cref="ExpiresAt"/> is set by very old records only; a higher
/// <see cref="Order"/> stands further behind in the log.
/// </summary>
internal readonly record struct CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, Instant CommittedAt, Instant ExpiresAt, Uuid TopicId)
{
    public long Order { get; init; }
}

/// <summary>
/// The committed offsets of all groups of a shard, durable state that only <see cref="GroupCoordinator.Replay"/>
/// changes. No group and no topic in it is without offsets.
/// </summary>
internal sealed class CommittedOffsets
{
    private static readonly Dictionary<string, Dictionary<int, CommittedOffset>> Nothing = [];

    private readonly Dictionary<string, Dictionary<string, Dictionary<int, CommittedOffset>>> _groups = [];

    public bool Has(string group) => _groups.ContainsKey(group);

    public bool TryGet(in OffsetKey key, out CommittedOffset offset)
    {
        offset = default;
        return _groups.TryGetValue(key.Group, out var topics)
            && topics.TryGetValue(key.Topic, out var partitions)
            && partitions.TryGetValue(key.Partition, out offset);
    }

    /// <summary>A group's offsets, by topic name and partition in ascending order.</summary>
    public IEnumerable<(string Topic, IEnumerable<KeyValuePair<int, CommittedOffset>> Partitions)> Of(string group) =>
        _groups.GetValueOrDefault(group, Nothing)
            .OrderBy(topic => topic.Key, StringComparer.Ordinal)
            .Select(topic => (topic.Key, topic.Value.OrderBy(partition => partition.Key).AsEnumerable()));

    public void Put(in OffsetKey key, in CommittedOffset offset)
    {
        if (!_groups.TryGetValue(key.Group, out var topics))
            _groups.Add(key.Group, topics = []);
        if (!topics.TryGetValue(key.Topic, out var partitions))
            topics.Add(key.Topic, partitions = []);
        partitions[key.Partition] = offset;
    }

    public void Remove(in OffsetKey key)
    {
        if (!_groups.TryGetValue(key.Group, out var topics) || !topics.TryGetValue(key.Topic, out var partitions))
            return;
        partitions.Remove(key.Partition);
        if (partitions.Count == 0)
            topics.Remove(key.Topic);
        if (topics.Count == 0)
            _groups.Remove(key.Group);
    }
}
