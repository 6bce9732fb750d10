using System.Buffers.Binary;

namespace Millrace.Simulation.Ledgers;

/// <summary>The value of a record: a number that no other has, and bytes that follow from it.</summary>
internal static class Payload
{
    private const int Least = 12;

    public static byte[] Of(int id, int largest)
    {
        var length = Least + (int)((uint)id * 2654435761 % (uint)(largest - Least + 1));
        var value = new byte[length];
        BinaryPrimitives.WriteInt32BigEndian(value, id);
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(4), length);
        for (var i = 8; i < length; i++)
            value[i] = (byte)((id * 31 + i * (id & 7)) & 0x7f);
        return value;
    }

    /// <summary>The number, if the value is all that belongs to it.</summary>
    public static int? Read(ReadOnlySpan<byte> value, int largest)
    {
        if (value.Length < Least)
            return null;
        var id = BinaryPrimitives.ReadInt32BigEndian(value);
        return value.SequenceEqual(Of(id, largest)) ? id : null;
    }
}
