using System.Buffers.Binary;
using System.Numerics;

namespace Millrace.Core.Log.Cleaner;

/// <summary>128 bits that stand for a key: SipHash-2-4 with a fixed key, so that every run does the same.</summary>
internal readonly record struct KeyHash(ulong First, ulong Second)
{
    private const ulong FirstKey = 0x0706050403020100;
    private const ulong SecondKey = 0x0F0E0D0C0B0A0908;

    public static KeyHash Of(ReadOnlySpan<byte> key)
    {
        ulong v0 = FirstKey ^ 0x736F6D6570736575;
        ulong v1 = SecondKey ^ 0x646F72616E646F6D ^ 0xEE;
        ulong v2 = FirstKey ^ 0x6C7967656E657261;
        ulong v3 = SecondKey ^ 0x7465646279746573;
        ulong last = (ulong)key.Length << 56;
        for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..])
            Absorb(BinaryPrimitives.ReadUInt64LittleEndian(key), ref v0, ref v1, ref v2, ref v3);
        for (int i = 0; i < key.Length; i++)
            last |= (ulong)key[i] << (8 * i);
        Absorb(last, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xEE;
        Rounds(4, ref v0, ref v1, ref v2, ref v3);
        ulong first = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= 0xDD;
        Rounds(4, ref v0, ref v1, ref v2, ref v3);
        return new KeyHash(first, v0 ^ v1 ^ v2 ^ v3);
    }

    private static void Absorb(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Rounds(2, ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Rounds(int count, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        for (int i = 0; i < count; i++)
        {
            v0 += v1;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v3;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v2 = BitOperations.RotateLeft(v2, 32);
        }
    }
}
