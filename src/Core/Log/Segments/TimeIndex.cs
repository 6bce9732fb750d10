using System.Buffers.Binary;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// A segment's sparse index from time to offset. An entry (t, o) says that no record up to offset o is later than t.
/// Concurrency as in <see cref="OffsetIndex"/>. Timestamps and offsets grow strictly.
/// </summary>
internal sealed class TimeIndex
{
    public const int EntrySize = 12;

    private Entry[] _entries = [];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The greatest timestamp and the last offset of its batch; (-1, 0) while empty.</summary>
    public Entry Last
    {
        get
        {
            int count = Count;
            return count == 0 ? new Entry(-1, 0) : Volatile.Read(ref _entries)[count - 1];
        }
    }

    /// <summary>Appends unless the greatest timestamp is still the one that the last entry holds.</summary>
    public void MaybeAppend(long timestamp, int relativeOffset)
    {
        int count = _count;
        if (timestamp < 0 || (count > 0 && timestamp <= _entries[count - 1].Timestamp))
            return;
        if (count == _entries.Length)
        {
            var larger = new Entry[Math.Max(16, 2 * count)];
            _entries.CopyTo(larger, 0);
            Volatile.Write(ref _entries, larger);
        }

        _entries[count] = new Entry(timestamp, relativeOffset);
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>
    /// The last entry that is not later than a timestamp: no record before its offset has that timestamp or a later
    /// one. False if there is none.
    /// </summary>
    public bool TryFind(long timestamp, out Entry entry)
    {
        int low = 0;
        int high = Count - 1;
        Entry[] entries = Volatile.Read(ref _entries);
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].Timestamp <= timestamp)
                low = middle + 1;
            else
                high = middle - 1;
        }

        entry = high < 0 ? default : entries[high];
        return high >= 0;
    }

    /// <summary>Drops the entries at or above an offset. The caller owns the index alone.</summary>
    public void TruncateTo(long relativeOffset)
    {
        int count = _count;
        while (count > 0 && _entries[count - 1].RelativeOffset >= relativeOffset)
            count--;
        Volatile.Write(ref _count, count);
    }

    /// <summary>The bytes of the entries from one on to <paramref name="end"/>, exclusive.</summary>
    public byte[] Encode(int from, int end)
    {
        byte[] bytes = new byte[(end - from) * EntrySize];
        Entry[] entries = Volatile.Read(ref _entries);
        for (int i = from; i < end; i++)
        {
            Span<byte> entry = bytes.AsSpan((i - from) * EntrySize);
            BinaryPrimitives.WriteInt64BigEndian(entry, entries[i].Timestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], entries[i].RelativeOffset);
        }

        return bytes;
    }

    /// <summary>Reads a file, zero-filled behind the last entry or not; false if it is damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> file, out TimeIndex index)
    {
        index = new TimeIndex();
        Entry last = new(-1, -1);
        for (; file.Length >= EntrySize; file = file[EntrySize..])
        {
            if (!file.ContainsAnyExcept((byte)0))
                return true;
            var next = new Entry(
                BinaryPrimitives.ReadInt64BigEndian(file), BinaryPrimitives.ReadInt32BigEndian(file[8..]));
            if (next.Timestamp <= last.Timestamp || next.RelativeOffset <= last.RelativeOffset)
                return false;
            index.MaybeAppend(next.Timestamp, next.RelativeOffset);
            last = next;
        }

        return file.IsEmpty;
    }

    public readonly record struct Entry(long Timestamp, int RelativeOffset);
}
