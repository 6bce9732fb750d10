using Millrace.Core.Share;
using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>What share groups can be told (KIP-932): the broker's settings, and those of a group.</summary>
internal static class ShareConfigs
{
    private const string ByDuration = "must be latest, earliest or by_duration: with a duration such as PT1H";

    /// <summary>The broker's own. Those that begin with group.share are defaults and bounds of groups' settings.
    /// </summary>
    public static IReadOnlyList<ConfigDefinition> Broker { get; } =
    [
        new("group.share.record.lock.duration.ms", ConfigType.Int, "30000",
            "How long a member of a share group may keep a record before others get it.", Between(1_000, 3_600_000)),
        new("group.share.min.record.lock.duration.ms", ConfigType.Int, "15000",
            "Shortest record lock that a share group may have.", Between(1_000, 30_000)),
        new("group.share.max.record.lock.duration.ms", ConfigType.Int, "60000",
            "Longest record lock that a share group may have.", Between(30_000, 3_600_000)),
        new("group.share.delivery.count.limit", ConfigType.Int, "5",
            "How often a share group gets a record that is released again.", Between(2, 10)),
        new("group.share.min.delivery.count.limit", ConfigType.Int, "2",
            "Least limit of deliveries that a share group may have.", Between(2, 5)),
        new("group.share.max.delivery.count.limit", ConfigType.Int, "10",
            "Greatest limit of deliveries that a share group may have.", Between(5, 25)),
        new("group.share.partition.max.record.locks", ConfigType.Int, "2000",
            "Records of a partition that a share group may have under way.", Between(100, 10_000)),
        new("group.share.min.partition.max.record.locks", ConfigType.Int, "100",
            "Least records under way that a share group may be limited to.", AtLeast(100)),
        new("group.share.max.partition.max.record.locks", ConfigType.Int, "10000",
            "Most records under way that a share group may be limited to.", AtLeast(100)),
        new("group.share.session.timeout.ms", ConfigType.Int, "45000",
            "How long a member of a share group may be silent.", AtLeast(1)),
        new("group.share.min.session.timeout.ms", ConfigType.Int, "45000",
            "Shortest session timeout that a share group may have.", AtLeast(1)),
        new("group.share.max.session.timeout.ms", ConfigType.Int, "60000",
            "Longest session timeout that a share group may have.", AtLeast(1)),
        new("group.share.heartbeat.interval.ms", ConfigType.Int, "5000",
            "How often members of share groups are to send heartbeats.", AtLeast(1)),
        new("group.share.min.heartbeat.interval.ms", ConfigType.Int, "5000",
            "Shortest heartbeat interval that a share group may have.", AtLeast(1)),
        new("group.share.max.heartbeat.interval.ms", ConfigType.Int, "15000",
            "Longest heartbeat interval that a share group may have.", AtLeast(1)),
        new("group.share.assignment.interval.ms", ConfigType.Int, "1000",
            "Least time between two assignments of a share group.", AtLeast(0)),
        new("group.share.max.size", ConfigType.Int, "200", "Most members of a share group.", Between(1, 1_000)),
        new("group.share.max.share.sessions", ConfigType.Int, "2000",
            "Most share sessions of this broker.", AtLeast(1)),
        new("share.coordinator.state.topic.num.partitions", ConfigType.Int, "50",
            "Partitions of __share_group_state, when it is created.", AtLeast(1)),
        new("share.coordinator.state.topic.replication.factor", ConfigType.Short, "3",
            "Replicas of __share_group_state; fewer where there are fewer brokers.", AtLeast(1)),
        new("share.coordinator.snapshot.update.records.per.snapshot", ConfigType.Int, "500",
            "Changes of a share partition after which all of its state is stored anew.", AtLeast(0)),
    ];

    /// <summary>A group's own, by Kafka's resource type GROUP.</summary>
    public static IReadOnlyList<ConfigDefinition> Group { get; } =
    [
        OfGroup("share.record.lock.duration.ms"),
        OfGroup("share.delivery.count.limit"),
        OfGroup("share.partition.max.record.locks"),
        OfGroup("share.session.timeout.ms"),
        OfGroup("share.heartbeat.interval.ms"),
        OfGroup("share.assignment.interval.ms"),
        new("share.auto.offset.reset", ConfigType.String, "latest",
            "Where a share group begins: latest, earliest, or by_duration: and a duration to go back.",
            That(ByDuration, text => ShareOffsetReset.TryParse(text, out _))),
        new("share.isolation.level", ConfigType.String, "read_uncommitted",
            "Whether a share group sees records of aborted transactions.", Among("read_committed", "read_uncommitted")),
        new("share.renew.acknowledge.enable", ConfigType.Boolean, "true",
            "Whether members may keep a record for longer by acknowledging it with RENEW."),
    ];

    private static ConfigDefinition OfGroup(string name)
    {
        var broker = Broker.First(config => config.Name == $"group.{name}");
        return broker with { Name = name, BrokerSynonym = broker.Name };
    }
}
