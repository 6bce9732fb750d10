using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Records;

/// <summary>
/// What a batch's records have in common, found in one pass that keeps no record. <see cref="IsSound"/> is true where
/// <see cref="RecordEnumerator"/> ends without an error, in a batch whose producer gave the timestamps; the other
/// fields are meaningful only then. What is wrong with records that are not sound, the enumerator says.
/// </summary>
public readonly record struct RecordScan
{
    public bool IsSound { get; private init; }

    public long MinTimestamp { get; private init; }

    public long MaxTimestamp { get; private init; }

    /// <summary>The records' offsets count from the batch's by one.</summary>
    public bool AreOffsetsDense { get; private init; }

    public bool HasKeyInEach { get; private init; }

    /// <summary>Looks at all records, given the record section without compression.</summary>
    public static RecordScan Of(scoped in RecordBatch batch, ReadOnlySpan<byte> data)
    {
        int count = batch.Count;
        long baseTimestamp = batch.BaseTimestamp;
        long min = long.MaxValue;
        long max = long.MinValue;
        int gaps = 0;
        int keyBits = 0; // the sign bit is set by a key that is absent
        ref byte start = ref MemoryMarshal.GetReference(data);
        int at = 0;
        if (count < 0 || batch.TimestampType == TimestampType.LogAppendTime)
            return default;
        for (int i = 0; i < count; i++)
        {
            if (!TryReadInt(ref start, data.Length, ref at, out int length)
                || (uint)length > (uint)(data.Length - at))
                return default;
            int end = at + length;
            at++; // attributes, unused
            if (!TryReadLong(ref start, end, ref at, out long timestampDelta)
                || !TryReadInt(ref start, end, ref at, out int offsetDelta)
                || !TryReadInt(ref start, end, ref at, out int keyLength) || keyLength > end - at)
                return default;
            at += Math.Max(keyLength, 0);
            if (!TryReadInt(ref start, end, ref at, out int valueLength) || valueLength > end - at)
                return default;
            at += Math.Max(valueLength, 0);
            if (!TryReadInt(ref start, end, ref at, out int headers)
                || (headers == 0 ? at : EndOfHeaders(ref start, end, at, headers)) != end)
                return default;
            at = end;
            long timestamp = baseTimestamp + timestampDelta;
            min = Math.Min(min, timestamp);
            max = Math.Max(max, timestamp);
            gaps |= offsetDelta ^ i;
            keyBits |= keyLength;
        }

        return new RecordScan
        {
            IsSound = at == data.Length,
            MinTimestamp = min,
            MaxTimestamp = max,
            AreOffsetsDense = gaps == 0,
            HasKeyInEach = keyBits >= 0,
        };
    }

    /// <summary>-1 if they don't end before the record does.</summary>
    private static int EndOfHeaders(ref byte start, int end, int at, int headers)
    {
        if (headers < 0 || headers > end - at)
            return -1;
        for (int i = 0; i < headers; i++)
        {
            if (!TryReadInt(ref start, end, ref at, out int nameLength) || (uint)nameLength > (uint)(end - at))
                return -1;
            at += nameLength;
            if (!TryReadInt(ref start, end, ref at, out int valueLength) || valueLength > end - at)
                return -1;
            at += Math.Max(valueLength, 0);
        }

        return at;
    }

    /// <remarks>Reads no byte at or behind <paramref name="end"/>, which lies within the data.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadInt(ref byte start, int end, ref int at, out int value)
    {
        if (at < end)
        {
            uint raw = Unsafe.Add(ref start, at);
            if (raw < 0x80)
            {
                at++;
                value = (int)(raw >> 1) ^ -(int)(raw & 1);
                return true;
            }

            uint next = at + 1 < end ? Unsafe.Add(ref start, at + 1) : 0x80u;
            if (next < 0x80)
            {
                at += 2;
                raw = (raw & 0x7F) | (next << 7);
                value = (int)(raw >> 1) ^ -(int)(raw & 1);
                return true;
            }
        }

        // A copy, for what is passed by reference would live in memory in the callers' loops too.
        int position = at;
        bool isRead = TryReadLonger(ref start, end, ref position, out int longer);
        (at, value) = (position, longer);
        return isRead;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadLong(ref byte start, int end, ref int at, out long value)
    {
        if (at < end && Unsafe.Add(ref start, at) is var raw and < 0x80)
        {
            at++;
            value = (raw >> 1) ^ -(raw & 1);
            return true;
        }

        int position = at;
        bool isRead = TryReadLonger(ref start, end, ref position, out long longer);
        (at, value) = (position, longer);
        return isRead;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadLonger(ref byte start, int end, ref int at, out int value) =>
        Varint.TryReadInt(MemoryMarshal.CreateReadOnlySpan(ref start, Math.Max(end, 0)), ref at, out value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadLonger(ref byte start, int end, ref int at, out long value) =>
        Varint.TryReadLong(MemoryMarshal.CreateReadOnlySpan(ref start, Math.Max(end, 0)), ref at, out value);
}
