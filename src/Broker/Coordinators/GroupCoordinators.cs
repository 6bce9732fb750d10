using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups;

namespace Millrace.Broker.Coordinators;

/// <summary>
/// The shards of the group coordinator, one for each partition of <c>__consumer_offsets</c>. The metadata publisher
/// alone sets them; readers take no lock.
/// </summary>
internal sealed class GroupCoordinators(ILoop timers, BrokerSettings settings, IMemberIds memberIds)
{
    private readonly GroupSettings _settings = GroupSettings.Of(settings);
    private volatile ClusterImage _image = ClusterImage.Empty;

    private volatile CoordinatorShard<GroupCoordinator>[] _shards = [];

    /// <summary>Hears of groups that can't be served.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Sees to what the coordinators want of others. Set before they serve.</summary>
    public Action<CoordinatorMessage> Send { get; set; } = _ => { };

    public IReadOnlyList<CoordinatorShard<GroupCoordinator>> Shards => _shards;

    /// <summary>The shard that keeps the group; null while there is no <c>__consumer_offsets</c>.</summary>
    public CoordinatorShard<GroupCoordinator>? Find(string groupId)
    {
        var shards = _shards;
        return shards.Length == 0 ? null : shards[GroupPartition.For(groupId, shards.Length)];
    }

    /// <summary>Loads a shard for each partition that has none yet; with no partitions, closes all.</summary>
    public void Serve(IReadOnlyList<Partition> partitions)
    {
        var shards = _shards;
        if (partitions.Count == 0)
        {
            _shards = [];
            foreach (var shard in shards)
                shard.Close();
        }
        else
        {
            _shards = [.. shards, .. partitions.Skip(shards.Length).Select(Load)];
        }
    }

    /// <summary>Tells all shards of the cluster's topics and settings.</summary>
    public void Publish(ClusterImage image)
    {
        _image = image;
        foreach (var shard in _shards)
            shard.Tell((core, now) => core.OnMetadata(image, now));
    }

    private CoordinatorShard<GroupCoordinator> Load(Partition partition) =>
        new(partition, () => new GroupCoordinator(_settings, memberIds, _image), timers, Log,
            message => Send(message));
}
