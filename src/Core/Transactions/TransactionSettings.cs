namespace Millrace.Core.Transactions;

/// <summary>What an operator may set about transactions; the names and defaults are Kafka's.</summary>
internal sealed record TransactionSettings
{
    /// <summary>transaction.max.timeout.ms: the longest that a producer may ask for.</summary>
    public int MaxTimeoutMs { get; init; } = 900_000;

    /// <summary>transactional.id.expiration.ms: after so long without a transaction an id is forgotten.</summary>
    public long IdExpirationMs { get; init; } = 604_800_000;

    /// <summary>transaction.remove.expired.transaction.cleanup.interval.ms</summary>
    public long ExpirationCheckIntervalMs { get; init; } = 3_600_000;

    /// <summary>Records after which one <see cref="TransactionCoordinator.Expire"/> leaves the rest to the
    /// next.</summary>
    public int MaxExpiredRecords { get; init; } = 1_000;

    /// <summary>Bytes of keys and values after which it does so; the last record may exceed them.</summary>
    public int MaxExpiredBytes { get; init; } = 500_000;
}
