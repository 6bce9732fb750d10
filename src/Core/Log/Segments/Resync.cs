using System.Buffers.Binary;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// Finds where a segment goes on behind damage: the first place at which a whole batch with the right checksum and a
/// possible offset begins.
/// </summary>
internal static class Resync
{
    private const int MagicAt = 16;
    private const int LengthAt = 8;
    private const int LastOffsetDeltaAt = 23;
    private const int ChunkSize = 16 * 1024;

    /// <summary>The damage from a position on, up to the next sound batch or the end of the segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="position">Where the damage was met.</param>
    /// <param name="expected">The first offset that is not readable; -1 if that is not known.</param>
    public static DamagedRange Behind(Segment segment, long position, long expected)
    {
        var from = new Offset(Math.Max(expected, segment.BaseOffset.Value));
        return Behind(segment, position, segment.Size, from, segment.NextOffset, segment.NextOffset);
    }

    /// <summary>
    /// The same within other bounds than the segment's own: sound batches end below <paramref name="most"/>; where none
    /// follows, the damage ends before <paramref name="end"/>.
    /// </summary>
    public static DamagedRange Behind(
        Segment segment, long position, long endPosition, Offset from, Offset most, Offset end)
    {
        (long at, long offset) = Find(segment.File, position + 1, endPosition, from.Value, most.Value);
        return at < 0
            ? new DamagedRange(DamageKind.Damaged, from, end, segment.Path + ".log", position, endPosition)
            : new DamagedRange(DamageKind.Damaged, from, new Offset(offset), segment.Path + ".log", position, at);
    }

    /// <summary>Behind the last sound batch that can be found from a position on; <paramref name="from"/> if none.
    /// </summary>
    public static Offset LastOffset(IDiskFile file, long position, long endPosition, Offset from)
    {
        long next = from.Value;
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        while (true)
        {
            (long at, _) = Find(file, position, endPosition, next, long.MaxValue);
            if (at < 0)
                return new Offset(next);
            var scanner = new BatchScanner(file, at, endPosition, window);
            while (scanner.MoveNext() && scanner.Header.BaseOffset >= next && scanner.Header.LastOffsetDelta >= 0
                && BatchChecksum.IsValid(file, scanner.Position, scanner.Header))
            {
                next = scanner.Header.LastOffset + 1;
                position = scanner.Next;
            }
        }
    }

    private static (long Position, long BaseOffset) Find(
        IDiskFile file, long position, long endPosition, long least, long end)
    {
        Span<byte> chunk = stackalloc byte[ChunkSize];
        while (endPosition - position >= RecordBatch.HeaderSize)
        {
            int read = file.Read(position, chunk[..(int)Math.Min(chunk.Length, endPosition - position)]);
            int candidates = read - RecordBatch.HeaderSize + 1;
            if (candidates <= 0)
                break;
            for (int i = 0; i < candidates; i++)
            {
                ReadOnlySpan<byte> header = chunk.Slice(i, RecordBatch.HeaderSize);
                if (header[MagicAt] == 2 && IsPossible(header, endPosition - position - i, least, end)
                    && BatchChecksum.IsValid(file, position + i, RecordBatch.FromHeader(header)))
                    return (position + i, BinaryPrimitives.ReadInt64BigEndian(header));
            }

            position += candidates;
        }

        return (-1, -1);
    }

    private static bool IsPossible(ReadOnlySpan<byte> header, long bytesLeft, long least, long end)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(header[LengthAt..]);
        long baseOffset = BinaryPrimitives.ReadInt64BigEndian(header);
        int delta = BinaryPrimitives.ReadInt32BigEndian(header[LastOffsetDeltaAt..]);
        return length >= RecordBatch.HeaderSize - RecordBatch.Overhead
            && length <= bytesLeft - RecordBatch.Overhead
            && baseOffset >= least && delta >= 0 && baseOffset < end - delta;
    }
}
