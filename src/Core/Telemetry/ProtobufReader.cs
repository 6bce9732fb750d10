using System.Buffers.Binary;
using System.Text;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Telemetry;

/// <summary>Reads the fields of one protobuf message, without copying. What is nested is read by another.</summary>
/// <exception cref="MalformedFrameException">The bytes are no such message.</exception>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Length = 2;
    private const int Fixed32 = 5;
    private const int MostVarintBytes = 10;

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Of the field that <see cref="MoveNext"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>Its value where it is a number: as it stands, be it whole or the bits of a double.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value where it is a text, bytes or a message; empty otherwise.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    public readonly double Double => BitConverter.UInt64BitsToDouble(Number);

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        var tag = ReadVarint();
        Field = (int)(tag >> 3);
        Bytes = [];
        Number = 0;
        switch ((int)(tag & 7))
        {
            case Varint:
                Number = ReadVarint();
                break;
            case Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case Length:
                Bytes = Take(ReadVarint());
                break;
            default:
                throw new MalformedFrameException($"Field {Field} has an unknown wire type.");
        }

        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var i = 0; i < MostVarintBytes; i++)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << (7 * i);
            if ((next & 0x80) == 0)
                return value;
        }

        throw new MalformedFrameException("A varint is longer than ten bytes.");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new MalformedFrameException($"{count} bytes are wanted, {_rest.Length} are left.");
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
