using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>Finds things in one segment: a slice of whole batches, a record by its time. Takes no lock.</summary>
internal static class SegmentReader
{
    /// <summary>
    /// Whole batches from the one that holds <paramref name="from"/> on, all below <paramref name="upperBound"/>.
    /// False if the segment has no batch at or above it.
    /// </summary>
    public static bool TryRead(
        Segment segment, Offset from, int maxBytes, Offset upperBound, bool atLeastOneBatch, out LogSlice slice)
    {
        slice = LogSlice.Empty;
        long size = segment.Size;
        Offset next = segment.NextOffset; // taken after the size, so the bytes end at or below it
        OffsetIndex index = segment.Indexes.Offsets;
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        var scanner = new BatchScanner(segment.File, index.PositionFor(segment.RelativeOffset(from)), size, window);
        do
        {
            if (!scanner.MoveNext())
                return false;
        }
        while (scanner.Header.LastOffset < from.Value);

        long start = scanner.Position;
        if (scanner.Header.LastOffset >= upperBound.Value)
            return true;
        if (scanner.Next - start > maxBytes)
        {
            if (atLeastOneBatch)
                slice = LogSlice.Of(segment, start, (int)(scanner.Next - start));
            return true;
        }

        long limit = Math.Min(size, start + maxBytes);
        long end = scanner.Next;
        if (limit == size && next <= upperBound)
        {
            end = size;
        }
        else
        {
            long near = index.PositionBefore(limit, upperBound - segment.BaseOffset);
            if (near > end)
                scanner = new BatchScanner(segment.File, end = near, size, window);
            while (scanner.MoveNext() && scanner.Next <= limit && scanner.Header.LastOffset < upperBound.Value)
                end = scanner.Next;
        }

        slice = LogSlice.Of(segment, start, (int)(end - start));
        return true;
    }

    /// <summary>The first record at or above <paramref name="from"/> that is not earlier than a timestamp.</summary>
    public static bool TryFind(
        Segment segment, long timestamp, Offset from, LogSettings settings, out TimestampOffset found)
    {
        SegmentIndexes indexes = segment.Indexes;
        int relative = Math.Max(indexes.Times.RelativeOffsetFor(timestamp), segment.RelativeOffset(from));
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        BatchScanner scanner = segment.Scan(indexes.Offsets.PositionFor(relative), window);
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

        found = TimestampOffset.None;
        return false;
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
