using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// How dirty a log is: below <paramref name="FirstDirty"/> it is clean, from there to
/// <paramref name="FirstUncleanable"/> it can be cleaned (KIP-58, KIP-354).
/// </summary>
/// <param name="Log">The log.</param>
/// <param name="FirstDirty">Its checkpoint, or its start where it has none that can be right.</param>
/// <param name="FirstUncleanable">The base of a segment, or <paramref name="FirstDirty"/>.</param>
/// <param name="CleanBytes">In segments that begin below the first dirty offset.</param>
/// <param name="CleanableBytes">In segments between the two offsets.</param>
/// <param name="IsOverdue">A record waits for longer than max.compaction.lag.ms.</param>
internal sealed record LogToClean(
    PartitionLog Log,
    Offset FirstDirty,
    Offset FirstUncleanable,
    long CleanBytes,
    long CleanableBytes,
    bool IsOverdue)
{
    public double Ratio => CleanableBytes == 0 ? 0 : (double)CleanableBytes / (CleanBytes + CleanableBytes);

    public bool IsDue => CleanableBytes > 0 && (IsOverdue || Ratio > Log.Settings.MinCleanableDirtyRatio);

    /// <param name="log">A log whose topic is compacted.</param>
    /// <param name="checkpoint">Up to where it was cleaned; None if it never was.</param>
    /// <param name="lastStableOffset">Nothing is cleaned that is not decided and visible.</param>
    /// <param name="now">For the lags.</param>
    public static LogToClean Of(PartitionLog log, Offset checkpoint, Offset lastStableOffset, Instant now)
    {
        var segments = (Segment[])log.Segments;
        LogSettings settings = log.Settings;
        Offset firstDirty = checkpoint < log.LogStartOffset || checkpoint > log.LogEndOffset
            ? log.LogStartOffset
            : checkpoint;
        Offset end = Offset.Min(lastStableOffset, segments[^1].BaseOffset);
        if (end <= firstDirty)
            return new LogToClean(log, firstDirty, firstDirty, 0, 0, false);
        ReadOnlySpan<Segment> closed = segments.AsSpan(..^1);
        ReadOnlySpan<Segment> dirty = closed[Math.Min(Holding(closed, firstDirty), closed.Length)..];
        bool isOverdue = false;
        foreach (Segment segment in dirty)
        {
            if (settings.MinCompactionLagMs > 0
                && segment.MaxTimestamp > now.Milliseconds - settings.MinCompactionLagMs)
            {
                end = Offset.Min(end, segment.BaseOffset);
                break;
            }
        }

        end = Offset.Max(end, firstDirty);
        Offset firstUncleanable = Rounded(segments, end);
        long clean = 0;
        long cleanable = 0;
        foreach (Segment segment in closed)
        {
            if (segment.BaseOffset < firstDirty)
                clean += segment.Size;
            if (segment.NextOffset > firstDirty && segment.BaseOffset < firstUncleanable)
                cleanable += segment.Size;
        }

        if (cleanable > 0 && settings.MaxCompactionLagMs != long.MaxValue)
            isOverdue = OldestFirstTimestamp(dirty) < now.Milliseconds - settings.MaxCompactionLagMs;
        return new LogToClean(log, firstDirty, firstUncleanable, clean, cleanable, isOverdue);
    }

    /// <summary>The base of the segment that holds an offset, which is as far as whole segments go.</summary>
    private static Offset Rounded(ReadOnlySpan<Segment> segments, Offset offset)
    {
        int at = Holding(segments, offset);
        return segments[Math.Min(at, segments.Length - 1)].BaseOffset;
    }

    /// <summary>The last segment that begins at or below an offset; the first where none does.</summary>
    private static int Holding(ReadOnlySpan<Segment> segments, Offset offset)
    {
        int at = segments.Length - 1;
        while (at > 0 && segments[at].BaseOffset > offset)
            at--;
        return Math.Max(at, 0);
    }

    private static long OldestFirstTimestamp(ReadOnlySpan<Segment> segments)
    {
        long oldest = long.MaxValue;
        Span<byte> window = stackalloc byte[RecordBatch.HeaderSize];
        foreach (Segment segment in segments)
        {
            var scanner = new BatchScanner(segment.File, 0, segment.Size, window);
            if (scanner.MoveNext() && scanner.Header.MaxTimestamp > 0)
                oldest = Math.Min(oldest, scanner.Header.MaxTimestamp);
        }

        return oldest;
    }
}
