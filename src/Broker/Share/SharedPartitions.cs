using Millrace.Broker.Partitions;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// The partitions that share groups read from this node. 1. There is one for each key that is not closed. 2. Only
/// such are known whose state the share coordinator has: nobody can make more of them by asking.
/// </summary>
internal sealed class SharedPartitions
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SharePartitionKey, SharedPartition> _partitions = [];
    private readonly Func<string, ShareSettings> _settings;

    /// <param name="coordinators">Who keeps the states.</param>
    /// <param name="timers">Where locks end.</param>
    /// <param name="settings">The settings of a group.</param>
    public SharedPartitions(ShareCoordinators coordinators, ILoop timers, Func<string, ShareSettings> settings)
    {
        Coordinators = coordinators;
        Timers = timers;
        _settings = settings;
        coordinators.OnReplaced = key => Drop(Find(key));
    }

    public ShareCoordinators Coordinators { get; }

    public ILoop Timers { get; }

    public ShareSettings SettingsOf(string groupId) => _settings(groupId);

    /// <summary>The partition as the group reads it; null with the error that its members are told.</summary>
    public SharedPartition? Find(in SharePartitionKey key, Partition partition, out ErrorCode error)
    {
        error = ErrorCode.None;
        if (Find(key) is { } present)
            return present;
        var reply = Coordinators.Lead(key, partition.LeaderEpoch.Value);
        if (reply.State is not { } state)
        {
            error = ShareErrors.For(reply.ErrorCode);
            return null;
        }

        var groupId = key.GroupId;
        var shared = new SharedPartition(this, key, partition, state, () => _settings(groupId));
        lock (_lock)
        {
            if (!_partitions.TryAdd(key, shared))
                return _partitions[key];
        }

        shared.Begin();
        return shared;
    }

    /// <summary>What is there already.</summary>
    public SharedPartition? Find(in SharePartitionKey key)
    {
        lock (_lock)
            return _partitions.GetValueOrDefault(key);
    }

    /// <summary>It is closed, and whoever looks for it gets one that was read anew.</summary>
    public void Drop(SharedPartition? shared)
    {
        if (shared is null)
            return;
        lock (_lock)
        {
            if (_partitions.GetValueOrDefault(shared.Key) == shared)
                _partitions.Remove(shared.Key);
        }

        shared.Close();
    }

    /// <summary>The topic is deleted.</summary>
    public void Drop(Uuid topicId)
    {
        List<SharedPartition> dropped;
        lock (_lock)
            dropped = [.. _partitions.Values.Where(shared => shared.Key.TopicId == topicId)];
        foreach (var shared in dropped)
            Drop(shared);
    }
}
