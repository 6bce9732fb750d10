namespace Millrace.Core.Share;

/// <summary>What an operator may set about a share group's records; the names and defaults are Kafka's.</summary>
internal sealed record ShareSettings
{
    /// <summary>share.record.lock.duration.ms: how long a member may keep what it acquired.</summary>
    public int LockDurationMs { get; init; } = 30_000;

    /// <summary>share.delivery.count.limit: deliveries after which a released record is archived.</summary>
    public int DeliveryCountLimit { get; init; } = 5;

    /// <summary>share.partition.max.record.locks: records of a partition that may be neither new nor done.</summary>
    public int MaxRecordLocks { get; init; } = 2_000;

    /// <summary>share.renew.acknowledge.enable: whether a member may lengthen its locks.</summary>
    public bool AllowsRenewal { get; init; } = true;

    /// <summary>share.isolation.level: whether records of transactions that were aborted are left out.</summary>
    public bool IsReadCommitted { get; init; }

    /// <summary>share.auto.offset.reset: where a group begins with a partition.</summary>
    public ShareOffsetReset OffsetReset { get; init; }
}
