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
        LogSettings settings = log.Settings;
        Offset before = log.LogStartOffset;
        if (settings.Delete)
        {
            DeleteWhile(log, now, highWatermark, segment => IsExpired(segment, settings.RetentionMs, now));
            long excess = settings.RetentionBytes < 0 ? 0 : log.SizeInBytes - settings.RetentionBytes;
            DeleteWhile(log, now, highWatermark, segment => (excess -= segment.Size) >= 0 && segment.Size > 0);
        }

        return log.LogStartOffset - before;
    }

    private static bool IsExpired(Segment segment, long retentionMs, Instant now)
    {
        if (retentionMs < 0 || segment.Size == 0)
            return false;
        long newest = segment.MaxTimestamp >= 0 ? segment.MaxTimestamp : segment.Created.Milliseconds;
        return now.Milliseconds - newest > retentionMs;
    }

    private static void DeleteWhile(PartitionLog log, Instant now, Offset highWatermark, Func<Segment, bool> mayGo)
    {
        Offset start = log.LogStartOffset;
        Segment[] segments = [.. log.Segments];
        foreach (Segment segment in segments)
        {
            if (segment.NextOffset > highWatermark || !mayGo(segment))
                break;
            if (segment == segments[^1])
                log.Roll(now);
            start = segment.NextOffset;
        }

        log.AdvanceLogStartOffset(start);
    }
}
