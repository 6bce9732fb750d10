using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Core.Controller;

namespace Millrace.Core.Share;

/// <summary>
/// The settings in force of each share group: its own over the broker's. They are read again when the cluster's
/// settings are others.
/// </summary>
internal sealed class ShareGroupSettings(BrokerSettings broker, Func<ConfigsImage> configs)
{
    private volatile State _state = new(ConfigsImage.Empty, ImmutableDictionary<string, ShareSettings>.Empty);

    public ShareSettings Of(string groupId)
    {
        var current = configs();
        var state = _state;
        if (!ReferenceEquals(state.Configs, current))
            state = new State(current, ImmutableDictionary<string, ShareSettings>.Empty);
        var own = current.Of(ConfigResource.Group, groupId);
        var name = own.IsEmpty ? "" : groupId;
        if (state.Groups.TryGetValue(name, out var known))
            return known;
        var settings = Read(name, current);
        _state = state with { Groups = state.Groups.SetItem(name, settings) };
        return settings;
    }

    private ShareSettings Read(string groupId, ConfigsImage cluster)
    {
        ShareOffsetReset.TryParse(Text("share.auto.offset.reset"), out var reset);
        return new ShareSettings
        {
            LockDurationMs = Int("share.record.lock.duration.ms"),
            DeliveryCountLimit = Int("share.delivery.count.limit"),
            MaxRecordLocks = Int("share.partition.max.record.locks"),
            AllowsRenewal = bool.Parse(Text("share.renew.acknowledge.enable")),
            IsReadCommitted = Text("share.isolation.level") == "read_committed",
            OffsetReset = reset,
        };

        int Int(string name) => GroupConfigs.Int(name, groupId, broker, cluster);

        string Text(string name) => EffectiveConfigs.Of(
            GroupConfigs.Find(name)!, broker, cluster, cluster.Of(ConfigResource.Group, groupId)).Value!;
    }

    /// <summary>What was read of the settings; the group named "" is any that has none of its own.</summary>
    private sealed record State(ConfigsImage Configs, ImmutableDictionary<string, ShareSettings> Groups);
}
