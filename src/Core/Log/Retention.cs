using Millrace.Core.Log.Segments;
using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>
/// Deletes the oldest segments of a log by age and by size (retention.ms, retention.bytes), whole segments only and
/// never above the high watermark. Called under the partition's lock, now and then.
/// </summary>
internal static class Retention
{
    /// <summary>How far the log's start moved.</summary>
    public static long Apply(PartitionLog log, Instant now, Offset highWatermark)
    {
        Offset before = log.LogStartOffset;
        Segment[] segments = [.. log.Segments];
        int due = Due(log, segments, now, highWatermark);
        if (due == 0)
            return 0;
        if (due == segments.Length)
            log.Roll(now);
        log.AdvanceLogStartOffset(segments[due - 1].NextOffset);
        return log.LogStartOffset - before;
    }

    /// <summary>What <see cref="Apply"/> would delete now: whole segments, and the offsets in them.</summary>
    public static Expired Due(PartitionLog log, Instant now, Offset highWatermark)
    {
        Segment[] segments = [.. log.Segments];
        int due = Due(log, segments, now, highWatermark);
        return due == 0 ? default : new Expired(due, segments[due - 1].NextOffset - log.LogStartOffset);
    }

    private static int Due(PartitionLog log, Segment[] segments, Instant now, Offset highWatermark)
    {
        LogSettings settings = log.Settings;
        if (!settings.Delete)
            return 0;
        long excess = settings.RetentionBytes < 0 ? 0 : log.SizeInBytes - settings.RetentionBytes;
        Segment[] old = [.. segments.TakeWhile(segment =>
            segment.NextOffset <= highWatermark && IsExpired(segment, settings.RetentionMs, now))];
        excess -= old.Sum(segment => segment.Size);
        return old.Length + segments.Skip(old.Length).TakeWhile(segment =>
            segment.NextOffset <= highWatermark && segment.Size > 0 && (excess -= segment.Size) >= 0).Count();
    }

    private static bool IsExpired(Segment segment, long retentionMs, Instant now)
    {
        if (retentionMs < 0 || segment.Size == 0)
            return false;
        long newest = segment.MaxTimestamp >= 0 ? segment.MaxTimestamp : segment.Created.Milliseconds;
        return now.Milliseconds - newest > retentionMs;
    }
}

/// <summary>What retention takes from a log, or from those of a topic.</summary>
internal readonly record struct Expired(int Segments, long Offsets)
{
    public static Expired operator +(Expired one, Expired other) =>
        new(one.Segments + other.Segments, one.Offsets + other.Offsets);

    public override string ToString() =>
        (Segments == 1 ? "1 segment with " : $"{Segments} segments with ")
        + (Offsets == 1 ? "1 offset" : $"{Offsets} offsets");
}
