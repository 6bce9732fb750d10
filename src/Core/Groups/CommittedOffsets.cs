using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>What a group committed for a partition. <see cref="ExpiresAt"/> is set by very old records only.</summary>
internal readonly record struct CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, Instant CommittedAt, Instant ExpiresAt, Uuid TopicId);

/// <summary>
/// The committed offsets of all groups of a shard, durable state that only <see cref="GroupCoordinator.Replay"/>
/// changes. No group and no topic in it is without offsets.
/// </summary>
internal sealed class CommittedOffsets
{
    private static readonly Dictionary<string, Dictionary<int, CommittedOffset>> Nothing = [];

    private readonly Dictionary<string, Dictionary<string, Dictionary<int, CommittedOffset>>> _groups = [];

    public bool Has(string group) => _groups.ContainsKey(group);

    public bool TryGet(string group, string topic, int partition, out CommittedOffset offset)
    {
        offset = default;
        return _groups.TryGetValue(group, out var topics)
            && topics.TryGetValue(topic, out var partitions)
            && partitions.TryGetValue(partition, out offset);
    }

    /// <summary>A group's offsets, by topic name and partition in ascending order.</summary>
    public IEnumerable<(string Topic, IEnumerable<KeyValuePair<int, CommittedOffset>> Partitions)> Of(string group) =>
        _groups.GetValueOrDefault(group, Nothing)
            .OrderBy(topic => topic.Key, StringComparer.Ordinal)
            .Select(topic => (topic.Key, topic.Value.OrderBy(partition => partition.Key).AsEnumerable()));

    public void Put(string group, string topic, int partition, in CommittedOffset offset)
    {
        if (!_groups.TryGetValue(group, out var topics))
            _groups.Add(group, topics = []);
        if (!topics.TryGetValue(topic, out var partitions))
            topics.Add(topic, partitions = []);
        partitions[partition] = offset;
    }

    public void Remove(string group, string topic, int partition)
    {
        if (!_groups.TryGetValue(group, out var topics) || !topics.TryGetValue(topic, out var partitions))
            return;
        partitions.Remove(partition);
        if (partitions.Count == 0)
            topics.Remove(topic);
        if (topics.Count == 0)
            _groups.Remove(group);
    }
}
