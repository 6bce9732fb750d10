using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>
/// The broker's settings about share groups that say nothing of a single group; for those see
/// <see cref="GroupConfigs"/>.
/// </summary>
internal static class ShareConfigs
{
    public static IReadOnlyList<ConfigDefinition> OfBroker { get; } =
    [
        new("group.share.max.share.sessions", ConfigType.Int, "2000",
            "Most share sessions of this broker.", AtLeast(1)),
        new("share.coordinator.state.topic.num.partitions", ConfigType.Int, "50",
            "Partitions of __share_group_state, when it is created.", AtLeast(1)),
        new("share.coordinator.state.topic.replication.factor", ConfigType.Short, "3",
            "Replicas of __share_group_state; fewer where there are fewer brokers.", AtLeast(1)),
        new("share.coordinator.state.topic.min.isr", ConfigType.Short, "1",
            "Replicas of __share_group_state that must have a record: one, as there is one broker.", Among("1")),
        new("share.coordinator.snapshot.update.records.per.snapshot", ConfigType.Int, "500",
            "Changes of a share partition after which all of its state is stored anew.", AtLeast(0)),
    ];
}
