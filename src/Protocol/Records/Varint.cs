namespace Millrace.Protocol.Records;

/// <summary>Zigzag varints of the record format. A read fails where the bytes end or the number is overlong.</summary>
internal static class Varint
{
    public const int MaxIntSize = 5;
    public const int MaxLongSize = 10;

    public static bool TryReadInt(ReadOnlySpan<byte> data, ref int position, out int value)
    {
        if ((uint)position < (uint)data.Length && data[position] < 0x80)
        {
            int small = data[position++];
            value = (small >>> 1) ^ -(small & 1);
            return true;
        }

        return TryReadLongerInt(data, ref position, out value);
    }

    public static bool TryReadLong(ReadOnlySpan<byte> data, ref int position, out long value)
    {
        ulong raw = 0;
        int at = position;
        for (int shift = 0; shift < 7 * MaxLongSize && (uint)at < (uint)data.Length; shift += 7)
        {
            byte next = data[at++];
            raw |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                position = at;
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }

    public static int Write(Span<byte> destination, long value)
    {
        ulong raw = (ulong)((value << 1) ^ (value >> 63));
        int length = 0;
        while (raw >= 0x80)
        {
            destination[length++] = (byte)(raw | 0x80);
            raw >>= 7;
        }

        destination[length++] = (byte)raw;
        return length;
    }

    public static int SizeOf(long value)
    {
        ulong raw = (ulong)((value << 1) ^ (value >> 63));
        int length = 1;
        for (; raw >= 0x80; raw >>= 7)
            length++;
        return length;
    }

    private static bool TryReadLongerInt(ReadOnlySpan<byte> data, ref int position, out int value)
    {
        uint raw = 0;
        int at = position;
        for (int shift = 0; shift < 7 * MaxIntSize && (uint)at < (uint)data.Length; shift += 7)
        {
            byte next = data[at++];
            raw |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                position = at;
                value = (int)(raw >> 1) ^ -(int)(raw & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }
}
