using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>
/// Reads Kafka's primitive types from one frame, big-endian, without copying: bytes and records stay slices of it.
/// </summary>
/// <remarks>
/// <para>Classic encodings have an int16 or int32 length, flexible ones (KIP-482) an unsigned varint of length + 1.
/// </para>
/// <para>1. No read passes the end of the frame. 2. Nothing is allocated by an announced count, only by bytes that are
/// there, at most <see cref="MostElements"/> array elements a frame. An element in memory, and in an answer, takes many
/// times its bytes, so a client's request may have fewer (<see cref="ElementsOfRequest"/>).</para>
/// </remarks>
/// <exception cref="MalformedFrameException">Any read beyond the end or of a value that the type forbids.</exception>
public ref struct WireReader
{
    /// <summary>Array elements allowed in one frame; Kafka allows as many in one array.</summary>
    public const int MostElements = 1_000_000;

    /// <summary>Array elements allowed in a client's request, however large.</summary>
    public const int MostElementsOfRequest = 500_000;

    /// <summary>Array elements allowed in a client's request, however small they are.</summary>
    public const int TinyElements = 20_000;

    /// <summary>Bytes of a request for each element beyond those: an empty string has as many.</summary>
    public const int BytesPerElement = sizeof(short);

    /// <summary>Capacity that a list gets before its elements are seen.</summary>
    public const int PreallocatedElements = 64;

    private const int MostTags = 10_000;

    private readonly Memory<byte> _frame;
    private readonly ReadOnlySpan<byte> _span;
    private readonly StringCache? _strings;
    private readonly int _elements;
    private int _elementsLeft;

    public WireReader(Memory<byte> frame, StringCache? strings = null, int elements = MostElements)
    {
        _elements = _elementsLeft = elements;
        _frame = frame;
        _span = frame.Span;
        _strings = strings;
    }

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _span.Length - Position;

    /// <summary>Elements that all arrays of a request of so many bytes may have together.</summary>
    public static int ElementsOfRequest(int bytes) =>
        Math.Min(MostElementsOfRequest, TinyElements + bytes / BytesPerElement);

    public bool Boolean() => Take(1)[0] != 0;

    public sbyte Int8() => (sbyte)Take(1)[0];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public double Float64() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public Uuid Uuid() => Wire.Uuid.Read(Take(Wire.Uuid.Size));

    /// <summary>Seven bits a byte, low group first; at most five bytes, bits beyond the 32nd dropped.</summary>
    public uint UnsignedVarint()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Take(1)[0];
            value |= (uint)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
                return value;
        }

        throw new MalformedFrameException("A varint is longer than five bytes.");
    }

    public string String(bool flexible) =>
        NullableString(flexible, false) ?? throw new MalformedFrameException("A string is null where none may be.");

    public string? NullableString(bool flexible, bool allowNull)
    {
        var length = flexible ? CompactLength() : Int16();
        if (length < 0)
            return allowNull ? null : throw new MalformedFrameException("A string is null where none may be.");
        if (length > short.MaxValue)
            throw new MalformedFrameException($"A string has {length} bytes, at most {short.MaxValue} are allowed.");
        var utf8 = Take(length);
        var text = _strings is null ? Encoding.UTF8.GetString(utf8) : _strings.Get(utf8);

        // A byte that is no UTF-8 becomes a character of three, and what can be read must fit into an answer.
        if (length > short.MaxValue / 3 && Encoding.UTF8.GetByteCount(text) > short.MaxValue)
            throw new MalformedFrameException($"A string of {length} bytes is not UTF-8 and too long to be sent back.");
        return text;
    }

    public ReadOnlyMemory<byte> Bytes(bool flexible) =>
        NullableBytes(flexible, false) ?? throw new MalformedFrameException("Bytes are null where they may not be.");

    public ReadOnlyMemory<byte>? NullableBytes(bool flexible, bool allowNull)
    {
        var length = flexible ? CompactLength() : Int32();
        if (length < 0)
            return allowNull ? null : throw new MalformedFrameException("Bytes are null where they may not be.");
        return Slice(length);
    }

    public RecordData Records(bool flexible, bool allowNull)
    {
        var length = flexible ? CompactLength() : Int32();
        if (length < 0)
            return allowNull ? RecordData.Null : throw new MalformedFrameException("Records are null.");
        return new RecordData(Slice(length));
    }

    /// <summary>The number of elements that follow; -1 for a null array where <paramref name="allowNull"/>.</summary>
    public int ArrayCount(bool flexible, bool allowNull)
    {
        var count = flexible ? CompactLength() : Int32();
        if (count < 0)
            return allowNull ? -1 : throw new MalformedFrameException("An array is null where none may be.");
        if (count > Remaining)
            throw new MalformedFrameException($"An array of {count} elements stands in {Remaining} bytes.");
        _elementsLeft -= count;
        if (_elementsLeft < 0)
            throw new MalformedFrameException($"The frame has more than {_elements} array elements.");
        return count;
    }

    public T Struct<T>(short version)
        where T : IMessage, new()
    {
        var value = new T();
        value.Read(ref this, version);
        return value;
    }

    /// <summary>The same in an instance that was used before.</summary>
    public T Recycled<T>(short version)
        where T : class, IMessage, IRecyclable, new()
    {
        var value = Wire.Recycled<T>.Take();
        value.Read(ref this, version);
        return value;
    }

    /// <summary>The marker before a nullable structure: negative means null.</summary>
    public bool IsNullStruct() => Int8() < 0;

    /// <summary>The number of tagged fields that follow.</summary>
    public int TagCount()
    {
        var count = UnsignedVarint();
        if (count > Remaining || count > MostTags)
            throw new MalformedFrameException($"{count} tagged fields stand in {Remaining} bytes.");
        return (int)count;
    }

    /// <summary>Tag number and announced size of the next tagged field.</summary>
    public uint Tag(out uint size)
    {
        var tag = UnsignedVarint();
        size = UnsignedVarint();
        return tag;
    }

    public void Skip(uint size)
    {
        if (size > (uint)Remaining)
            ThrowShort((int)Math.Min(size, int.MaxValue));
        Position += (int)size;
    }

    public void SkipTags()
    {
        for (var tags = TagCount(); tags > 0; tags--)
        {
            Tag(out var size);
            Skip(size);
        }
    }

    /// <summary>An unsigned varint of length + 1; -1 stands for null.</summary>
    private int CompactLength()
    {
        var length = UnsignedVarint();
        return length > int.MaxValue ? throw new MalformedFrameException("A length exceeds 2^31.") : (int)length - 1;
    }

    private Memory<byte> Slice(int length)
    {
        var start = Position;
        Take(length);
        return _frame.Slice(start, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Take(int count)
    {
        var start = Position;
        if ((uint)count > (uint)(_span.Length - start))
            ThrowShort(count);
        Position = start + count;
        return _span.Slice(start, count);
    }

    [DoesNotReturn]
    private readonly void ThrowShort(int wanted) =>
        throw new MalformedFrameException($"{wanted} bytes wanted at {Position}, {Remaining} are left.");
}
