using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>The topic settings in effect for one partition's log, with Kafka's defaults.</summary>
internal sealed record LogSettings
{
    public static readonly LogSettings Default = new();

    /// <summary>segment.bytes</summary>
    public int SegmentBytes { get; init; } = 1024 * 1024 * 1024;

    /// <summary>segment.ms</summary>
    public long SegmentMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary>segment.index.bytes</summary>
    public int SegmentIndexBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>index.interval.bytes</summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary>max.message.bytes</summary>
    public int MaxMessageBytes { get; init; } = 1_048_588;

    /// <summary>message.timestamp.type</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary>message.timestamp.before.max.ms</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>message.timestamp.after.max.ms</summary>
    public long TimestampAfterMaxMs { get; init; } = 60L * 60 * 1000;

    /// <summary>cleanup.policy holds "compact".</summary>
    public bool Compact { get; init; }

    /// <summary>cleanup.policy holds "delete".</summary>
    public bool Delete { get; init; } = true;

    /// <summary>min.cleanable.dirty.ratio</summary>
    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    /// <summary>min.compaction.lag.ms</summary>
    public long MinCompactionLagMs { get; init; }

    /// <summary>max.compaction.lag.ms</summary>
    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    /// <summary>delete.retention.ms</summary>
    public long DeleteRetentionMs { get; init; } = 24L * 60 * 60 * 1000;

    /// <summary>compression.type; null for "producer".</summary>
    public CompressionType? Compression { get; init; }

    /// <summary>compression.gzip.level and its like, for <see cref="Compression"/>.</summary>
    public int CompressionLevel { get; init; } = Protocol.Records.Compression.Codec.DefaultLevel;

    /// <summary>retention.ms; -1 for no limit.</summary>
    public long RetentionMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary>retention.bytes; -1 for no limit.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>segment.jitter.ms</summary>
    public long SegmentJitterMs { get; init; }

    /// <summary>file.delete.delay.ms</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;

    /// <summary>flush.messages</summary>
    public long FlushMessages { get; init; } = long.MaxValue;

    /// <summary>flush.ms</summary>
    public long FlushMs { get; init; } = long.MaxValue;

    /// <summary>log.flush.relaxed: acks=all does not wait for stable storage.</summary>
    public bool IsRelaxed { get; init; }

    /// <summary>
    /// So much is appended before a flush is asked for that nobody waits for, so that the page cache can let it go.
    /// </summary>
    public long WriteBehindBytes { get; init; } = long.MaxValue;

    /// <summary>preallocate</summary>
    public bool Preallocate { get; init; }

    /// <summary>producer.id.expiration.ms</summary>
    public long ProducerIdExpirationMs { get; init; } = 24L * 60 * 60 * 1000;

    /// <summary>
    /// The most that a compressed batch may grow to while it is checked: max.decompressed.message.bytes, but not above
    /// what good batches need, since a small batch can hold gigabytes.
    /// </summary>
    public int MaxDecompressedBytes { get; init; } = 16 * 1024 * 1024;
}
