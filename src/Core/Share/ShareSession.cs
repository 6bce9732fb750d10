using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// What a member of a share group fetches over one connection: the partitions, in the order in which they were named.
/// Owned by <see cref="ShareSessions"/>.
/// </summary>
internal sealed class ShareSession(ShareSessionKey key, object connection)
{
    private readonly List<ShareSessionPartition> _partitions = [];

    public ShareSessionKey Key { get; } = key;

    /// <summary>Where it lives: it ends with that.</summary>
    public object Connection { get; } = connection;

    /// <summary>What the next request has to say.</summary>
    public int NextEpoch { get; private set; } = 1;

    /// <summary>Nobody waits for what was asked for in it.</summary>
    public bool IsEnded { get; internal set; }

    public IReadOnlyList<ShareSessionPartition> Partitions => _partitions;

    public void Update(
        IEnumerable<(Uuid Topic, int Partition)> added, IEnumerable<(Uuid Topic, int Partition)> forgotten)
    {
        var present = _partitions.Select(partition => (partition.TopicId, partition.Partition)).ToHashSet();
        foreach (var (topic, partition) in added)
        {
            if (present.Add((topic, partition)))
                _partitions.Add(new ShareSessionPartition(topic, partition));
        }

        var gone = forgotten.ToHashSet();
        if (gone.Count > 0)
            _partitions.RemoveAll(partition => gone.Contains((partition.TopicId, partition.Partition)));
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
