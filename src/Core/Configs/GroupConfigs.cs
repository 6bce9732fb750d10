using Millrace.Core.Controller;
using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>
/// The settings that a group may have of its own (resource type GROUP), each defined once, and those of the broker
/// about groups of the newer kinds, which give them their defaults and bounds.
/// </summary>
internal static class GroupConfigs
{
    public static IReadOnlyList<ConfigDefinition> All { get; } =
    [
        new("consumer.assignment.interval.ms", ConfigType.Int, "1000",
            "Least time between two assignments of a consumer group.", AtLeast(0))
        {
            BrokerSynonym = "group.consumer.assignment.interval.ms",
        },
        new("consumer.heartbeat.interval.ms", ConfigType.Int, "5000",
            "How often a member of a consumer group is to be heard.", AtLeast(1))
        {
            BrokerSynonym = "group.consumer.heartbeat.interval.ms",
        },
        new("consumer.session.timeout.ms", ConfigType.Int, "45000",
            "How long a member of a consumer group may be silent.", AtLeast(1))
        {
            BrokerSynonym = "group.consumer.session.timeout.ms",
        },
        new("errors.deadletterqueue.copy.record.enable", ConfigType.Boolean, "false",
            "Whether a dead letter has the record's key and value."),
        new("errors.deadletterqueue.topic.name", ConfigType.String, "",
            "The topic for records that a share group gave up; none if empty."),
        new("share.assignment.interval.ms", ConfigType.Int, "1000",
            "Least time between two assignments of a share group.", AtLeast(0))
        {
            BrokerSynonym = "group.share.assignment.interval.ms",
        },
        new("share.auto.offset.reset", ConfigType.String, "latest",
            "Where a share group begins: latest, earliest or by_duration: and a duration.", OffsetReset),
        new("share.delivery.count.limit", ConfigType.Int, "5",
            "How often a share group tries to deliver a record.", AtLeast(2))
        {
            BrokerSynonym = "group.share.delivery.count.limit",
        },
        new("share.heartbeat.interval.ms", ConfigType.Int, "5000",
            "How often a member of a share group is to be heard.", AtLeast(1))
        {
            BrokerSynonym = "group.share.heartbeat.interval.ms",
        },
        new("share.isolation.level", ConfigType.String, "read_uncommitted",
            "Whether a share group reads records of open transactions.",
            Among("read_committed", "read_uncommitted")),
        new("share.partition.max.record.locks", ConfigType.Int, "2000",
            "Records of a partition that a share group may have in flight.", AtLeast(100))
        {
            BrokerSynonym = "group.share.partition.max.record.locks",
        },
        new("share.record.lock.duration.ms", ConfigType.Int, "30000",
            "How long a record is a consumer's before it is delivered again.", AtLeast(1000))
        {
            BrokerSynonym = "group.share.record.lock.duration.ms",
        },
        new("share.renew.acknowledge.enable", ConfigType.Boolean, "true",
            "Whether consumers may renew the lock of a record."),
        new("share.session.timeout.ms", ConfigType.Int, "45000",
            "How long a member of a share group may be silent.", AtLeast(1))
        {
            BrokerSynonym = "group.share.session.timeout.ms",
        },
        new("streams.assignment.interval.ms", ConfigType.Int, "1000",
            "Least time between two assignments of a streams group.", AtLeast(0))
        {
            BrokerSynonym = "group.streams.assignment.interval.ms",
        },
        new("streams.assignor.name", ConfigType.String, "sticky", "The assignor of a streams group.", Among("sticky"))
        {
            BrokerSynonym = "group.streams.assignors",
        },
        new("streams.heartbeat.interval.ms", ConfigType.Int, "5000",
            "How often a member of a streams group is to be heard.", AtLeast(1))
        {
            BrokerSynonym = "group.streams.heartbeat.interval.ms",
        },
        new("streams.initial.rebalance.delay.ms", ConfigType.Int, "3000",
            "How long a new streams group waits for more members.", AtLeast(0))
        {
            BrokerSynonym = "group.streams.initial.rebalance.delay.ms",
        },
        new("streams.num.standby.replicas", ConfigType.Int, "0", "Standby tasks for each task with state.", AtLeast(0))
        {
            BrokerSynonym = "group.streams.num.standby.replicas",
        },
        new("streams.rack.aware.assignment.tags", ConfigType.List, "",
            "Tags of clients that standby tasks are spread over.")
        {
            BrokerSynonym = "group.streams.rack.aware.assignment.tags",
        },
        new("streams.session.timeout.ms", ConfigType.Int, "45000",
            "How long a member of a streams group may be silent.", AtLeast(1))
        {
            BrokerSynonym = "group.streams.session.timeout.ms",
        },
    ];

    /// <summary>The broker's settings that only it has.</summary>
    public static IReadOnlyList<ConfigDefinition> OfBroker { get; } =
    [
        new("group.consumer.assignors", ConfigType.List, "uniform,range",
            "The assignors of consumer groups, the first being the one for those that want none.",
            Among("uniform", "range")),
        new("group.consumer.max.size", ConfigType.Int, "2147483647", "Most members of a consumer group.", AtLeast(1)),
        new("group.consumer.migration.policy", ConfigType.String, "bidirectional",
            "Whether classic groups in use may become consumer groups, and go back.",
            Among("bidirectional", "upgrade", "downgrade", "disabled")),
        new("group.consumer.regex.refresh.interval.ms", ConfigType.Int, "600000",
            "Taken for Kafka's sake: topics that patterns match are looked for when there are others.",
            AtLeast(10000)),
        new("group.share.max.size", ConfigType.Int, "200", "Most members of a share group.", Between(1, 1000)),
        new("group.streams.max.size", ConfigType.Int, "2147483647", "Most members of a streams group.", AtLeast(1)),
        .. Bounds("consumer.session.timeout.ms", "45000", "60000"),
        .. Bounds("consumer.heartbeat.interval.ms", "5000", "15000"),
        .. Bounds("consumer.assignment.interval.ms", "0", "15000"),
        .. Bounds("share.session.timeout.ms", "45000", "60000"),
        .. Bounds("share.heartbeat.interval.ms", "5000", "15000"),
        .. Bounds("share.assignment.interval.ms", "0", "15000"),
        .. Bounds("share.delivery.count.limit", "2", "10"),
        .. Bounds("share.record.lock.duration.ms", "15000", "60000"),
        .. Bounds("share.partition.max.record.locks", "100", "4000"),
        .. Bounds("streams.session.timeout.ms", "45000", "60000"),
        .. Bounds("streams.heartbeat.interval.ms", "5000", "15000"),
        .. Bounds("streams.assignment.interval.ms", "0", "15000"),
        new("group.streams.max.standby.replicas", ConfigType.Int, "2",
            "Most standby tasks that a group may ask for.", AtLeast(0)),
    ];

    private static readonly Dictionary<string, ConfigDefinition> ByName = All.ToDictionary(config => config.Name);

    public static ConfigDefinition? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Null when a group may have this value; otherwise what it must be.</summary>
    public static string? WhatIsWrong(ConfigDefinition config, string value, BrokerSettings settings)
    {
        if (config.WhatIsWrong(value) is { } problem)
            return problem;
        var (least, most) = Bounds(config, settings);
        return least is null && most is null ? null
            : int.Parse(value) is var number && number >= (least ?? 0) && number <= (most ?? int.MaxValue) ? null
            : $"must lie between {least ?? 0} and {most}";
    }

    /// <summary>Throws for two settings of the broker that contradict each other, as Kafka does.</summary>
    /// <exception cref="InvalidConfigException">It names the two.</exception>
    public static void Check(BrokerSettings settings)
    {
        void MustNotExceed(string key, string most, bool mayEqual = true)
        {
            var (value, bound) = (settings.Int(key), settings.Int(most));
            if (value > bound || (value == bound && !mayEqual))
                throw new InvalidConfigException(
                    key, $"{value}", $"must {(mayEqual ? "not exceed" : "be below")} {most}={bound}");
        }

        MustNotExceed("group.min.session.timeout.ms", "group.max.session.timeout.ms");
        MustNotExceed("group.streams.num.standby.replicas", "group.streams.max.standby.replicas");
        foreach (var config in All.Where(config => BrokerConfigs.Find(BoundOf(config.Name, "min")) is not null))
        {
            MustNotExceed(BoundOf(config.Name, "min"), BoundOf(config.Name, "max"));
            MustNotExceed(BoundOf(config.Name, "min"), config.BrokerSynonym!);
            MustNotExceed(config.BrokerSynonym!, BoundOf(config.Name, "max"));
        }

        foreach (var kind in (string[])["consumer", "share", "streams"])
            MustNotExceed($"group.{kind}.heartbeat.interval.ms", $"group.{kind}.session.timeout.ms", mayEqual: false);
    }

    /// <summary>
    /// The number in force for a group: its own, brought within the broker's bounds, else the cluster's for this
    /// broker or for all, else the broker's.
    /// </summary>
    public static int Int(string name, string groupId, BrokerSettings settings, ConfigsImage cluster)
    {
        var config = ByName[name];
        var own = cluster.Of(ConfigResource.Group, groupId);
        var value = int.Parse(EffectiveConfigs.Of(config, settings, cluster, own).Value!);
        if (!own.ContainsKey(name))
            return value;
        var (least, most) = Bounds(config, settings);
        return Math.Clamp(value, least ?? value, Math.Max(least ?? value, most ?? value));
    }

    /// <summary>The text in force for a group.</summary>
    public static string Text(string name, string groupId, BrokerSettings settings, ConfigsImage cluster) =>
        EffectiveConfigs.Of(ByName[name], settings, cluster, cluster.Of(ConfigResource.Group, groupId)).Value!;

    private static (int? Least, int? Most) Bounds(ConfigDefinition config, BrokerSettings settings)
    {
        if (config.Name == "streams.num.standby.replicas")
            return (null, settings.Int("group.streams.max.standby.replicas"));
        var least = BoundOf(config.Name, "min");
        return BrokerConfigs.Find(least) is null
            ? (null, null)
            : (settings.Int(least), settings.Int(BoundOf(config.Name, "max")));
    }

    private static IEnumerable<ConfigDefinition> Bounds(string config, string least, string most) =>
    [
        new(BoundOf(config, "min"), ConfigType.Int, least, $"Least {config} that a group may have.", AtLeast(0)),
        new(BoundOf(config, "max"), ConfigType.Int, most, $"Most {config} that a group may have.", AtLeast(0)),
    ];

    /// <summary>As consumer.session.timeout.ms is bounded by group.consumer.min.session.timeout.ms.</summary>
    private static string BoundOf(string config, string which)
    {
        var kind = config.IndexOf('.');
        return kind < 0 ? "" : $"group.{config[..kind]}.{which}{config[kind..]}";
    }
}
