using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups;

/// <summary>What an operator may set about groups; the names and defaults are Kafka's.</summary>
internal sealed record GroupSettings
{
    /// <summary>What the broker was started with.</summary>
    public static GroupSettings Of(BrokerSettings settings)
    {
        var policy = settings.Text("group.consumer.migration.policy");
        IPartitionAssignor[] assignors = [new UniformAssignor(), new RangeAssignor()];
        return new()
        {
            MinSessionTimeoutMs = settings.Int("group.min.session.timeout.ms"),
            MaxSessionTimeoutMs = settings.Int("group.max.session.timeout.ms"),
            InitialRebalanceDelayMs = settings.Int("group.initial.rebalance.delay.ms"),
            MaxSize = settings.Int("group.max.size"),
            MaxOffsetMetadataBytes = settings.Int("offset.metadata.max.bytes"),
            OffsetsRetentionMs = settings.Int("offsets.retention.minutes") * 60_000L,
            OffsetsRetentionCheckIntervalMs = settings.Long("offsets.retention.check.interval.ms"),
            ConsumerMaxSize = settings.Int("group.consumer.max.size"),
            ShareMaxSize = settings.Int("group.share.max.size"),
            ConsumerAssignors = [.. ConfigText.Items(settings.Text("group.consumer.assignors"))
                .Select(name => assignors.First(assignor => assignor.Name == name))],
            MayUpgrade = policy is "bidirectional" or "upgrade",
            MayDowngrade = policy is "bidirectional" or "downgrade",
            Broker = settings,
        };
    }

    /// <summary>group.min.session.timeout.ms</summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary>group.max.session.timeout.ms</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>group.initial.rebalance.delay.ms: how long an empty group waits for more members.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary>group.max.size</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary>How long a join of a member that cannot send heartbeats yet may wait; Kafka fixes it.</summary>
    public int NewMemberJoinTimeoutMs { get; init; } = 300_000;

    /// <summary>offset.metadata.max.bytes</summary>
    public int MaxOffsetMetadataBytes { get; init; } = 4_096;

    /// <summary>offsets.retention.minutes, in milliseconds.</summary>
    public long OffsetsRetentionMs { get; init; } = 10_080L * 60_000;

    /// <summary>offsets.retention.check.interval.ms</summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;

    /// <summary>group.consumer.max.size</summary>
    public int ConsumerMaxSize { get; init; } = int.MaxValue;

    /// <summary>group.share.max.size</summary>
    public int ShareMaxSize { get; init; } = 200;

    /// <summary>group.consumer.assignors: the first is for members that want none.</summary>
    public IReadOnlyList<IPartitionAssignor> ConsumerAssignors { get; init; } =
        [new UniformAssignor(), new RangeAssignor()];

    /// <summary>group.consumer.migration.policy: classic groups in use become consumer groups.</summary>
    public bool MayUpgrade { get; init; } = true;

    /// <summary>group.consumer.migration.policy: and go back.</summary>
    public bool MayDowngrade { get; init; } = true;

    /// <summary>The broker's settings, where a group has none of its own.</summary>
    public BrokerSettings Broker { get; init; } = new([]);

    /// <summary>Bytes of keys and values that one batch of __consumer_offsets may hold.</summary>
    public int MaxBatchBytes { get; init; } = 1_000_000;

    /// <summary>Records after which one <see cref="GroupCoordinator.Expire"/> leaves the rest to the next.</summary>
    public int MaxExpiredRecords { get; init; } = 1_000;

    /// <summary>Bytes of keys and values after which it does so; the last record or group may exceed them.</summary>
    public int MaxExpiredBytes => MaxBatchBytes / 2;

    public IPartitionAssignor? Assignor(string name) =>
        ConsumerAssignors.FirstOrDefault(assignor => assignor.Name == name);

    /// <summary>A number of <see cref="GroupConfigs"/>, as it is in force for a group.</summary>
    public int OfGroup(string name, string groupId, ClusterImage image) =>
        GroupConfigs.Int(name, groupId, Broker, image.Configs);

    /// <summary>A text of <see cref="GroupConfigs"/>, as it is in force for a group.</summary>
    public string TextOfGroup(string name, string groupId, ClusterImage image) =>
        GroupConfigs.Text(name, groupId, Broker, image.Configs);
}
