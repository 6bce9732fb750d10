using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// Finds things in one segment: a slice of whole batches, a record by its time. Takes no lock, and gives nothing that
/// is damaged.
/// </summary>
internal static class SegmentReader
{
    /// <summary>
    /// Whole batches from the one that holds <paramref name="from"/> on, all below <paramref name="upperBound"/>.
    /// False if the segment has no batch at or above it. Where <paramref name="from"/> itself is damaged, the slice is
    /// empty and <paramref name="damage"/> says how far.
    /// </summary>
    public static bool TryRead(
        Segment segment, Offset from, int maxBytes, Offset upperBound, bool atLeastOneBatch, out LogSlice slice,
        out DamagedRange? damage)
    {
        slice = LogSlice.Empty;
        long size = segment.Size;
        Offset next = segment.NextOffset; // taken after the size, so the bytes end at or below it
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        if (!TryFind(segment, from, window, out CheckedScanner scanner, out damage))
            return damage is not null;

        long start = scanner.Position;
        if (scanner.Header.LastOffset >= upperBound.Value)
            return true;
        if (scanner.Next - start > maxBytes)
        {
            if (atLeastOneBatch)
                slice = LogSlice.Of(segment, start, (int)(scanner.Next - start), new Offset(scanner.Expected));
            return true;
        }

        long limit = Math.Min(size, start + maxBytes);
        long end = scanner.Next;
        var endOffset = new Offset(scanner.Expected);
        bool isWhole = limit == size && next <= upperBound;
        long near = isWhole
            ? size
            : segment.Indexes.Offsets.PositionBefore(limit, upperBound - segment.BaseOffset);
        if (near > end && near <= segment.VerifiedEnd(end))
        {
            (end, endOffset) = (near, isWhole ? next : Offset.Min(next, upperBound));
            scanner = new CheckedScanner(segment, near, -1, window);
        }

        while (scanner.MoveNext() && scanner.Next <= limit && scanner.Header.LastOffset < upperBound.Value)
            (end, endOffset) = (scanner.Next, new Offset(scanner.Expected));
        scanner.Remember();
        slice = LogSlice.Of(segment, start, (int)(end - start), endOffset);
        return true;
    }

    /// <summary>The first record at or above <paramref name="from"/> that is not earlier than a timestamp.</summary>
    public static bool TryFind(
        Segment segment, long timestamp, Offset from, LogSettings settings, out TimestampOffset found)
    {
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        CheckedScanner scanner = segment.ScanTo(Offset.Max(segment.OffsetBefore(timestamp), from), window);
        while (true)
        {
            while (scanner.MoveNext())
            {
                if (scanner.Header.MaxTimestamp < timestamp || scanner.Header.LastOffset < from.Value)
                    continue;
                using var buffer = new PooledBuffer(scanner.Header.SizeInBytes);
                Span<byte> bytes = buffer.GetSpan(scanner.Header.SizeInBytes)[..scanner.Header.SizeInBytes];
                segment.Read(scanner.Position, bytes);
                if (TryFindIn(bytes, timestamp, from, settings, out found))
                    return true;
            }

            scanner.Remember();
            if (!scanner.IsDamaged)
                break;
            DamagedRange damage = Resync.Behind(segment, scanner.Next, scanner.Expected);
            scanner = new CheckedScanner(segment, damage.EndPosition, damage.End.Value, window);
        }

        found = TimestampOffset.None;
        return false;
    }

    /// <summary>Goes to the batch that holds an offset or is the first above it.</summary>
    private static bool TryFind(
        Segment segment, Offset from, Span<byte> window, out CheckedScanner scanner, out DamagedRange? damage)
    {
        damage = null;
        scanner = segment.ScanTo(from, window);
        while (true)
        {
            while (scanner.MoveNext())
            {
                if (scanner.Header.LastOffset >= from.Value)
                    return true;
            }

            scanner.Remember();
            if (!scanner.IsDamaged)
                return false;
            DamagedRange found = Resync.Behind(segment, scanner.Next, scanner.Expected);
            if (from < found.End)
            {
                damage = found;
                return false;
            }

            scanner = new CheckedScanner(segment, found.EndPosition, found.End.Value, window);
        }
    }

    private static bool TryFindIn(
        ReadOnlySpan<byte> bytes, long timestamp, Offset from, LogSettings settings, out TimestampOffset found)
    {
        found = TimestampOffset.None;
        if (RecordBatch.TryRead(bytes, out RecordBatch batch) != RecordBatchError.None)
            throw new IOException("The log holds a batch that cannot be read.");
        if (BatchRecords.Open(batch, settings.MaxDecompressedBytes, out BatchRecords records) != default)
            throw new IOException("The log holds a batch that cannot be decompressed.");
        using (records)
        {
            RecordEnumerator record = batch.Records(records.Bytes);
            while (record.MoveNext())
            {
                if (record.Current.Timestamp < timestamp || record.Current.Offset < from.Value)
                    continue;
                found = new TimestampOffset(
                    new Offset(record.Current.Offset),
                    record.Current.Timestamp,
                    new LeaderEpoch(batch.PartitionLeaderEpoch));
                return true;
            }
        }

        return false;
    }
}
