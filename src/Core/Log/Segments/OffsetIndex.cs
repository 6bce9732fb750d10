using System.Buffers.Binary;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// A segment's sparse index from offset to file position: for one batch every few kilobytes its last offset and where
/// it starts. One writer appends under the partition's lock; readers take none.
/// 1. Offsets and positions grow strictly. 2. An entry is never changed; the array is replaced before it is full.
/// 3. A reader takes the count before the array, so that the array holds at least as many entries.
/// </summary>
internal sealed class OffsetIndex
{
    public const int EntrySize = 8;

    private ulong[] _entries = []; // relative offset above, position below: ordered by both
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Append(int relativeOffset, int position)
    {
        int count = _count;
        if (count == _entries.Length)
        {
            ulong[] larger = new ulong[Math.Max(16, 2 * count)];
            _entries.CopyTo(larger, 0);
            Volatile.Write(ref _entries, larger);
        }

        _entries[count] = ((ulong)(uint)relativeOffset << 32) | (uint)position;
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>
    /// Start of a batch from which a scan finds <paramref name="relativeOffset"/>; 0 if none is indexed.
    /// </summary>
    public int PositionFor(long relativeOffset)
    {
        int at = LastNotAbove(relativeOffset, int.MaxValue);
        return at < 0 ? 0 : PositionOf(at);
    }

    /// <summary>The last entry not above an offset; false if there is none.</summary>
    public bool TryFind(long relativeOffset, out Entry entry)
    {
        int at = LastNotAbove(relativeOffset, int.MaxValue);
        entry = at < 0 ? default : EntryAt(at);
        return at >= 0;
    }

    /// <summary>
    /// The last indexed batch that starts at or before a position and ends below an offset; 0 if none.
    /// </summary>
    public int PositionBefore(long position, long relativeOffset)
    {
        int at = LastNotAbove(relativeOffset - 1, position);
        return at < 0 ? 0 : PositionOf(at);
    }

    /// <summary>Drops the entries of batches that end at or above an offset. The caller owns the index alone.</summary>
    public void TruncateTo(long relativeOffset) =>
        Volatile.Write(ref _count, LastNotAbove(relativeOffset - 1, int.MaxValue) + 1);

    /// <summary>The bytes of the entries from one on to <paramref name="end"/>, exclusive.</summary>
    public byte[] Encode(int from, int end)
    {
        byte[] bytes = new byte[(end - from) * EntrySize];
        ulong[] entries = Volatile.Read(ref _entries);
        for (int i = from; i < end; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan((i - from) * EntrySize), entries[i]);
        return bytes;
    }

    /// <summary>
    /// Reads a file, zero-filled behind the last entry or not; false if it cannot be of this segment.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> file, long segmentSize, out OffsetIndex index)
    {
        index = new OffsetIndex();
        long offset = -1;
        long position = -1;
        for (; file.Length >= EntrySize; file = file[EntrySize..])
        {
            int nextOffset = BinaryPrimitives.ReadInt32BigEndian(file);
            int nextPosition = BinaryPrimitives.ReadInt32BigEndian(file[sizeof(int)..]);
            if (nextOffset == 0 && nextPosition == 0)
                return !file.ContainsAnyExcept((byte)0);
            if (nextOffset <= offset || nextPosition <= position || nextPosition >= segmentSize)
                return false;
            index.Append(nextOffset, nextPosition);
            offset = nextOffset;
            position = nextPosition;
        }

        return file.IsEmpty;
    }

    private Entry EntryAt(int at)
    {
        ulong entry = Volatile.Read(ref _entries)[at];
        return new Entry((int)(entry >> 32), (int)(uint)entry);
    }

    private int PositionOf(int entry) => (int)(uint)Volatile.Read(ref _entries)[entry];

    private int LastNotAbove(long relativeOffset, long position)
    {
        int low = 0;
        int high = Count - 1;
        ulong[] entries = Volatile.Read(ref _entries);
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if ((long)(entries[middle] >> 32) <= relativeOffset && (uint)entries[middle] <= position)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return high;
    }

    /// <summary>A batch: its last offset, from the segment's base, and where it starts.</summary>
    public readonly record struct Entry(int RelativeOffset, int Position);
}
