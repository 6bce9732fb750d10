using System.Buffers.Binary;

namespace Millrace.Fuzz;

/// <summary>Damages frames, as the seed decides.</summary>
internal sealed class Mutator(Random random)
{
    private const int HeaderBytes = 8;

    private static readonly long[] Extremes =
    [
        0, 1, -1, -2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 999_999, 1_000_000, 1_000_001,
        int.MaxValue - 1, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, long.MaxValue - 1,
    ];

    public byte[] Mutate(byte[] frame, byte[] other)
    {
        for (var count = 1 + random.Next(random.Next(2) == 0 ? 1 : 4); count > 0; count--)
            frame = Once(frame, other);
        return frame;
    }

    private byte[] Once(byte[] frame, byte[] other)
    {
        var changed = (byte[])frame.Clone();
        var at = At(frame);
        switch (random.Next(10))
        {
            case 0 when at < frame.Length:
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
            case 1 when at < frame.Length:
                changed[at] = (byte)random.Next(256);
                return changed;
            case 2:
                return frame[..at];
            case 3:
                return [.. frame.AsSpan(0, at), .. Noise(), .. frame.AsSpan(at)];
            case 4:
                return [.. frame.AsSpan(0, at), .. Piece(frame, at), .. frame.AsSpan(at)];
            case 5:
                return [.. frame.AsSpan(0, at), .. frame.AsSpan(at + Piece(frame, at).Length)];
            case 6:
                return [.. frame.AsSpan(0, at), .. other.AsSpan(At(other))];
            case 7 when frame.Length >= 4:
                BinaryPrimitives.WriteInt16BigEndian(changed.AsSpan(2), (short)random.Next(-1, 20));
                return changed;
            case 8 when random.Next(8) == 0 && frame.Length >= 2:
                BinaryPrimitives.WriteInt16BigEndian(changed, (short)random.Next(-1, 100));
                return changed;
            default:
                SetNumber(changed, at);
                return changed;
        }
    }

    /// <summary>Mostly behind the header, which is the same in every frame.</summary>
    private int At(byte[] frame) =>
        frame.Length > HeaderBytes && random.Next(16) > 0
            ? random.Next(HeaderBytes, frame.Length)
            : random.Next(frame.Length + 1);

    private byte[] Noise()
    {
        var noise = new byte[random.Next(1, 9)];
        random.NextBytes(noise);
        return noise;
    }

    private ReadOnlySpan<byte> Piece(byte[] frame, int at) =>
        frame.AsSpan(at, random.Next(Math.Min(frame.Length - at, random.Next(4) == 0 ? 256 : 16) + 1));

    /// <summary>A length, count, null or value of some width, set to what its reader may not expect.</summary>
    private void SetNumber(byte[] frame, int at)
    {
        var value = Extremes[random.Next(Extremes.Length)];
        var rest = frame.AsSpan(at);
        switch (random.Next(5))
        {
            case 0 when rest.Length >= 2:
                BinaryPrimitives.WriteInt16BigEndian(rest, (short)value);
                break;
            case 1 when rest.Length >= 4:
                BinaryPrimitives.WriteInt32BigEndian(rest, (int)value);
                break;
            case 2 when rest.Length >= 8:
                BinaryPrimitives.WriteInt64BigEndian(rest, value);
                break;
            case 3:
                SetVarint(rest, (uint)value);
                break;
            default:
                if (rest.Length > 0)
                    rest[0] = (byte)value;
                break;
        }
    }

    private static void SetVarint(Span<byte> bytes, uint value)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(value >= 0x80 ? value | 0x80 : value);
            if ((value >>= 7) == 0)
                return;
        }
    }
}
