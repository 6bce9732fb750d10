namespace Millrace.Core.Groups;

/// <summary>What an operator may set about groups; the names and defaults are Kafka's.</summary>
internal sealed record GroupSettings
{
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

    /// <summary>Bytes of keys and values that one batch of __consumer_offsets may hold.</summary>
    public int MaxBatchBytes { get; init; } = 1_000_000;

    /// <summary>Records after which one <see cref="GroupCoordinator.Expire"/> leaves the rest to the next.</summary>
    public int MaxExpiredRecords { get; init; } = 1_000;
}
