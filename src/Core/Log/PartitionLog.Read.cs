using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Log;

/// <content>Reading: without a lock, from any thread.</content>
internal sealed partial class PartitionLog
{
    private static readonly IReadOnlyList<AbortedTransaction> NoneAborted = [];

    /// <summary>
    /// Whole batches from the one that holds <paramref name="from"/> on, all below <paramref name="upperBound"/>, not
    /// copied. With <paramref name="atLeastOneBatch"/> the first may exceed <paramref name="maxBytes"/>. A failed read
    /// leaves the log online: what it holds elsewhere may be sound. CorruptMessage where the offset itself is damaged
    /// or missing: one behind the damage can be read.
    /// </summary>
    public LogSlice Read(Offset from, int maxBytes, Offset upperBound, bool atLeastOneBatch)
    {
        if (_offline)
            return LogSlice.Failed(ErrorCode.KafkaStorageError);
        Offset end = LogEndOffset;
        if (from < LogStartOffset || from > end)
            return LogSlice.Failed(ErrorCode.OffsetOutOfRange);
        if (from >= Offset.Min(end, upperBound))
            return LogSlice.Empty;
        Segment[] segments = _segments;
        if (from < segments[0].BaseOffset)
            return LogSlice.Failed(ErrorCode.OffsetOutOfRange); // deleted since the start was read
        try
        {
            for (int i = IndexOf(segments, from); i < segments.Length; i++)
            {
                if (SegmentReader.TryRead(
                    segments[i], from, maxBytes, upperBound, atLeastOneBatch, out LogSlice slice,
                    out DamagedRange? damage))
                    return damage is null ? slice : Corrupt(damage);
                if (i < segments.Length - 1 && from < segments[i + 1].BaseOffset
                    && segments[i + 1].BaseOffset > GapsBelow)
                    return Corrupt(MissingBetween(segments[i], segments[i + 1]));
            }
        }
        catch (IOException)
        {
            return LogSlice.Failed(from < LogStartOffset ? ErrorCode.OffsetOutOfRange : ErrorCode.KafkaStorageError);
        }

        return LogSlice.Empty;
    }

    /// <summary>
    /// The aborted transactions that have records between two offsets, the second excluded, in the order of their
    /// markers.
    /// </summary>
    /// <exception cref="IOException">An index can't be read.</exception>
    public IReadOnlyList<AbortedTransaction> AbortedTransactions(Offset from, Offset end)
    {
        List<AbortedTransaction>? found = null;
        Segment[] segments = _segments;
        for (int i = IndexOf(segments, from); i < segments.Length; i++)
        {
            Segment segment = segments[i];
            if (segment.Aborted.All(segment.BaseOffset, segment.NextOffset) is not { } aborted)
            {
                segment.Aborted.Replace(Recovery.RebuildAborted(_disk, _directory, segments, segment));
                aborted = segment.Aborted.All(segment.BaseOffset, segment.NextOffset)!;
            }

            foreach (AbortedTransaction transaction in aborted)
            {
                if (transaction.LastOffset >= from.Value && transaction.FirstOffset < end.Value)
                    (found ??= []).Add(transaction);
                if (transaction.LastStableOffset >= end.Value)
                    return found ?? NoneAborted;
            }
        }

        return found ?? NoneAborted;
    }

    /// <summary>
    /// The first record with the timestamp or a later one; None if there is none, Unreadable if the disk refuses.
    /// </summary>
    public TimestampOffset OffsetForTimestamp(long timestamp) => Looked(() => Find(timestamp));

    /// <summary>
    /// The first record with the greatest timestamp of the log; None if it is empty, Unreadable if the disk refuses.
    /// </summary>
    public TimestampOffset MaxTimestampOffset() => Looked(FindLatest);

    public EpochEndOffset EndOffsetForEpoch(LeaderEpoch epoch) => _epochs.EndOffsetFor(epoch, LogEndOffset);

    /// <summary>Sealed segments that were not used since the last call give back their memory.</summary>
    public void ReleaseIdle()
    {
        foreach (Segment segment in _segments)
            segment.ReleaseIdle();
    }

    private LogSlice Corrupt(DamagedRange damage)
    {
        Report(damage);
        return LogSlice.Failed(ErrorCode.CorruptMessage);
    }

    /// <summary>The first segment ends before the second begins, where no offset may be missing.</summary>
    private static DamagedRange MissingBetween(Segment segment, Segment next)
    {
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        CheckedScanner scanner = segment.ScanTo(next.BaseOffset, window);
        long end = segment.BaseOffset.Value;
        while (scanner.MoveNext())
            end = scanner.Expected;
        return new DamagedRange(
            DamageKind.Missing, new Offset(end), next.BaseOffset, segment.Path + ".log", scanner.Next, segment.Size);
    }

    private static TimestampOffset Looked(Func<TimestampOffset> find)
    {
        try
        {
            return find();
        }
        catch (IOException)
        {
            return TimestampOffset.Unreadable;
        }
    }

    private TimestampOffset Find(long timestamp)
    {
        Offset start = LogStartOffset;
        foreach (Segment segment in _segments)
        {
            if (segment.NextOffset > start && segment.MaxTimestamp >= timestamp
                && SegmentReader.TryFind(segment, timestamp, start, Settings, out TimestampOffset found))
                return found;
        }

        return TimestampOffset.None;
    }

    private TimestampOffset FindLatest()
    {
        // As in Kafka, whether or not the record lies below the log's start.
        Segment? latest = _segments.Where(segment => segment.Size > 0).MaxBy(segment => segment.MaxTimestamp);
        return latest is not null
            && SegmentReader.TryFind(latest, latest.MaxTimestamp, Offset.Zero, Settings, out TimestampOffset found)
            ? found
            : TimestampOffset.None;
    }

    /// <summary>The segment that holds an offset: the last that begins at or below it.</summary>
    private static int IndexOf(Segment[] segments, Offset offset)
    {
        int low = 0;
        int high = segments.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return Math.Max(high, 0);
    }
}
