namespace Millrace.Core.Groups;

/// <summary>
/// Offsets that were committed in transactions which are still open, by the producer that will end them (KIP-447).
/// Durable state that only <see cref="GroupCoordinator.Replay"/> changes.
/// </summary>
/// <remarks>1. The counts of keys and groups are those of all producers' offsets; none of them is zero.</remarks>
internal sealed class PendingOffsets
{
    private readonly Dictionary<long, Dictionary<OffsetKey, CommittedOffset>> _producers = [];
    private readonly Dictionary<OffsetKey, int> _keys = [];
    private readonly Dictionary<string, int> _groups = [];

    public bool Has(in OffsetKey key) => _keys.ContainsKey(key);

    public bool Has(string group) => _groups.ContainsKey(group);

    /// <summary>Where a group's offset is pending, in ascending order.</summary>
    public IEnumerable<OffsetKey> Of(string group) =>
        _keys.Keys.Where(key => key.Group == group)
            .OrderBy(key => key.Topic, StringComparer.Ordinal).ThenBy(key => key.Partition);

    public void Put(long producerId, in OffsetKey key, in CommittedOffset offset)
    {
        if (!_producers.TryGetValue(producerId, out var offsets))
            _producers.Add(producerId, offsets = []);
        if (offsets.TryAdd(key, offset))
            Count(key, 1);
        else
            offsets[key] = offset;
    }

    /// <summary>The producer's transaction ended: its offsets are pending no more.</summary>
    public IReadOnlyCollection<KeyValuePair<OffsetKey, CommittedOffset>> Take(long producerId)
    {
        if (!_producers.Remove(producerId, out var offsets))
            return [];
        foreach (var key in offsets.Keys)
            Count(key, -1);
        return offsets;
    }

    /// <summary>The offset was deleted: no transaction brings it back.</summary>
    public void Remove(in OffsetKey key)
    {
        if (!Has(key))
            return;
        foreach (var offsets in _producers.Values)
            if (offsets.Remove(key))
                Count(key, -1);
    }

    private void Count(in OffsetKey key, int change)
    {
        Count(_keys, key, change);
        Count(_groups, key.Group, change);
    }

    private static void Count<T>(Dictionary<T, int> counts, T key, int change)
        where T : notnull
    {
        var count = counts.GetValueOrDefault(key) + change;
        if (count == 0)
            counts.Remove(key);
        else
            counts[key] = count;
    }
}
