using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// What a member of a share group fetches over one connection: the partitions, in the order in which they were named.
/// Owned by <see cref="ShareSessions"/>.
/// </summary>
internal sealed class ShareSession(ShareSessionKey key, object connection)
{
    private readonly List<ShareSessionPartition> _partitions = [];
    private readonly HashSet<(Uuid Topic, int Partition)> _present = [];

    public ShareSessionKey Key { get; } = key;

    /// <summary>Where it lives: it ends with that.</summary>
    public object Connection { get; } = connection;

    /// <summary>What the next request has to say.</summary>
    public int NextEpoch { get; private set; } = 1;

    /// <summary>Nobody waits for what was asked for in it.</summary>
    public bool IsEnded { get; internal set; }

    public IReadOnlyList<ShareSessionPartition> Partitions => _partitions;

    /// <summary>
    /// Takes partitions in and out. False, with nothing changed, if it would take in more than there is room for.
    /// </summary>
    public bool TryUpdate(
        IEnumerable<(Uuid Topic, int Partition)> added, IEnumerable<(Uuid Topic, int Partition)> forgotten, int room)
    {
        var wanted = new List<ShareSessionPartition>();
        foreach (var (topic, partition) in added)
        {
            if (_present.Contains((topic, partition)))
                continue;
            if (wanted.Count == room)
                return false;
            wanted.Add(new ShareSessionPartition(topic, partition));
        }

        foreach (var partition in wanted)
            if (_present.Add((partition.TopicId, partition.Partition)))
                _partitions.Add(partition);
        var count = _present.Count;
        foreach (var partition in forgotten)
            _present.Remove(partition);
        if (_present.Count < count)
            _partitions.RemoveAll(partition => !_present.Contains((partition.TopicId, partition.Partition)));
        return true;
    }

    /// <summary>After the greatest epoch comes 1: 0 begins a session.</summary>
    public void MoveOn() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;
}

/// <summary>Whose session it is.</summary>
internal readonly record struct ShareSessionKey(string GroupId, string MemberId);

/// <summary>A partition of a session.</summary>
internal sealed class ShareSessionPartition(Uuid topicId, int partition)
{
    public Uuid TopicId { get; } = topicId;

    public int Partition { get; } = partition;

    public SharePartitionKey KeyIn(string groupId) => new(groupId, TopicId, Partition);

    /// <summary>It had an error: the next answer names it even if there is nothing to say.</summary>
    public bool MustBeNamed { get; set; }
}
