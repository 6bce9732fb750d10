using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Arm = System.Runtime.Intrinsics.Arm;

namespace Millrace.Protocol.Records;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of record batches. On x64 three streams run at once, because the crc32
/// instruction has a latency of three cycles; carry-less multiplication moves the first two streams' remainders to
/// their place and the third absorbs them.
/// </summary>
public static class Crc32C
{
    private const uint Polynomial = 0x82F63B78; // bit-reflected
    private const int LongStream = 2048;
    private const int ShortStream = 256;

    private static readonly uint[] Table = MakeTable();
    private static readonly Vector128<ulong> LongShifts = ShiftsFor(LongStream);
    private static readonly Vector128<ulong> ShortShifts = ShiftsFor(ShortStream);

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The checksum of what <paramref name="crc"/> covers followed by <paramref name="data"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        if (Sse42.X64.IsSupported)
            return ~AppendX64(~crc, data);
        return Arm.Crc32.Arm64.IsSupported ? ~AppendArm(~crc, data) : ~AppendTable(~crc, data);
    }

    /// <summary>The portable way, one byte at a time: state in, state out, both without the final inversion.</summary>
    internal static uint AppendTable(uint state, ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
            state = Table[(byte)(state ^ value)] ^ (state >> 8);
        return state;
    }

    private static uint AppendX64(uint state, ReadOnlySpan<byte> data)
    {
        if (Pclmulqdq.IsSupported)
        {
            while (data.Length >= 3 * LongStream)
            {
                state = ThreeStreams(state, ref MemoryMarshal.GetReference(data), LongStream, LongShifts);
                data = data[(3 * LongStream)..];
            }

            while (data.Length >= 3 * ShortStream)
            {
                state = ThreeStreams(state, ref MemoryMarshal.GetReference(data), ShortStream, ShortShifts);
                data = data[(3 * ShortStream)..];
            }
        }

        ulong wide = state;
        while (data.Length >= sizeof(ulong))
        {
            wide = Sse42.X64.Crc32(wide, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        state = (uint)wide;
        foreach (byte value in data)
            state = Sse42.Crc32(state, value);
        return state;
    }

    /// <remarks>Reads exactly three times <paramref name="stream"/> bytes, which the caller has checked.</remarks>
    private static uint ThreeStreams(uint state, ref byte start, int stream, Vector128<ulong> shifts)
    {
        ulong first = state;
        ulong second = 0;
        ulong third = 0;
        for (int i = 0; i < stream; i += sizeof(ulong))
        {
            first = Sse42.X64.Crc32(first, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, i)));
            second = Sse42.X64.Crc32(second, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, stream + i)));
            third = Sse42.X64.Crc32(third, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, (2 * stream) + i)));
        }

        Vector128<ulong> moved =
            Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(first), shifts, 0x00)
            ^ Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(second), shifts, 0x10);
        return (uint)(third ^ Sse42.X64.Crc32(0, moved.ToScalar()));
    }

    private static uint AppendArm(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            state = Arm.Crc32.Arm64.ComputeCrc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte value in data)
            state = Arm.Crc32.ComputeCrc32C(state, value);
        return state;
    }

    /// <summary>Lower half: moves a remainder over two streams; upper half: over one.</summary>
    private static Vector128<ulong> ShiftsFor(int stream) =>
        Vector128.Create((ulong)Power((16L * stream) - 33), Power((8L * stream) - 33));

    /// <summary>
    /// x to the given power modulo the polynomial, bit-reflected. Moving over n bytes multiplies by x^8n; the crc32
    /// instruction that reduces the product gives 32 of it and the reflected product one more.
    /// </summary>
    private static uint Power(long exponent)
    {
        uint value = 0x8000_0000;
        for (long i = 0; i < exponent; i++)
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
        return value;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
            table[i] = value;
        }

        return table;
    }
}
