using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>
/// Writes Kafka's primitive types into a pooled buffer that grows as needed. One instance serves many messages, one
/// after the other; dispose gives the buffer back.
/// </summary>
/// <remarks>
/// <para>Large stored records are not copied where the owner allows <see cref="MostSlices"/>: they stand in
/// <see cref="Slices"/>, which the owner sends between the bytes. What is lent for them goes back with
/// <see cref="Clear"/>, or before as the owner says.</para>
/// </remarks>
public sealed class WireWriter : IDisposable
{
    private const int MostErrorCharacters = 1000;

    private const int InitialCapacity = 512;

    /// <summary>Below it a copy costs less than another system call.</summary>
    private const int LeastSlice = 64 * 1024;

    private readonly List<StoredSlice> _slices = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialCapacity);
    private int _slicesTakenBack;

    /// <summary>Bytes written since the last <see cref="Clear"/>, without those of <see cref="Slices"/>.</summary>
    public int Length { get; private set; }

    /// <summary>How many stored slices may be sent from their files; 0 at first: all is copied.</summary>
    public int MostSlices { get; set; }

    /// <summary>What is to be sent from files, in order.</summary>
    public IReadOnlyList<StoredSlice> Slices => _slices;

    /// <summary>Bytes of <see cref="Slices"/>.</summary>
    public long SlicedBytes { get; private set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, Length);

    /// <summary>Takes the error codes that are written, other than NONE; null for nobody wants them.</summary>
    public List<ErrorCode>? Errors { get; set; }

    /// <summary>Bytes that the buffer holds before it grows.</summary>
    public int Capacity => _buffer.Length;

    public void Clear()
    {
        while (_slicesTakenBack < _slices.Count)
            TakeBackSlice();
        _slices.Clear();
        _slicesTakenBack = 0;
        Length = 0;
        SlicedBytes = 0;
    }

    /// <summary>
    /// The first bytes have been sent, and the slices up to there taken back: the others move to the front.
    /// </summary>
    public void Forget(int count)
    {
        _buffer.AsSpan(count, Length - count).CopyTo(_buffer);
        Length -= count;
        for (var i = 0; i < _slicesTakenBack; i++)
            SlicedBytes -= _slices[i].Length;
        _slices.RemoveRange(0, _slicesTakenBack);
        _slicesTakenBack = 0;
        for (var i = 0; i < _slices.Count; i++)
            _slices[i] = _slices[i] with { At = _slices[i].At - count };
    }

    /// <summary>The first of <see cref="Slices"/> that is still lent goes back to its file.</summary>
    public void TakeBackSlice() => _slices[_slicesTakenBack++].Source.TakeBack();

    public void Boolean(bool value) => Reserve(1)[0] = value ? (byte)1 : (byte)0;

    public void Int8(sbyte value) => Reserve(1)[0] = (byte)value;

    public void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);

    public void ErrorCode(ErrorCode value)
    {
        Int16((short)value);
        if (value != Protocol.ErrorCode.None)
            Errors?.Add(value);
    }

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);

    public void Float64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Reserve(8), value);

    public void Uuid(Uuid value) => value.Write(Reserve(Wire.Uuid.Size));

    public void UnsignedVarint(uint value)
    {
        while (value >= 0x80)
        {
            Reserve(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Reserve(1)[0] = (byte)value;
    }

    public void String(string value, bool flexible)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        if (size > short.MaxValue)
            throw new ArgumentException($"A string has {size} bytes, at most {short.MaxValue} can be written.");
        if (flexible)
            UnsignedVarint((uint)size + 1);
        else
            Int16((short)size);
        Encoding.UTF8.GetBytes(value, Reserve(size));
    }

    public void NullableString(string? value, bool flexible)
    {
        if (value is not null)
            String(value, flexible);
        else if (flexible)
            UnsignedVarint(0);
        else
            Int16(-1);
    }

    /// <summary>A text that may repeat what a client sent: what no reader would take is cut.</summary>
    public void ErrorMessage(string? value, bool flexible) => NullableString(
        value?.Length > MostErrorCharacters ? value[..MostErrorCharacters] + "..." : value, flexible);

    public void Bytes(ReadOnlyMemory<byte> value, bool flexible)
    {
        ArrayCount(value.Length, flexible);
        Raw(value.Span);
    }

    public void NullableBytes(ReadOnlyMemory<byte>? value, bool flexible)
    {
        if (value is { } bytes)
            Bytes(bytes, flexible);
        else
            ArrayCount(-1, flexible);
    }

    public void Records(in RecordData value, bool flexible)
    {
        ArrayCount(value.IsNull ? -1 : value.Length, flexible);
        if (value.Length >= LeastSlice && _slices.Count < MostSlices && value.TryLend(Length, out var slice))
        {
            _slices.Add(slice);
            SlicedBytes += slice.Length;
        }
        else if (value.Length > 0)
        {
            value.CopyTo(Reserve(value.Length));
        }
    }

    /// <summary>The length of an array, of bytes or of records; -1 for null.</summary>
    public void ArrayCount(int count, bool flexible)
    {
        if (flexible)
            UnsignedVarint((uint)(count + 1));
        else
            Int32(count);
    }

    public void NullableStruct<T>(T? value, short version)
        where T : class, IMessage
    {
        Int8(value is null ? (sbyte)-1 : (sbyte)1);
        value?.Write(this, version);
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Begins a tagged field; the value that is handed back goes to <see cref="EndTag"/>.</summary>
    public int BeginTag(uint tag)
    {
        UnsignedVarint(tag);
        return Length;
    }

    /// <summary>Puts the size of a tagged field before its bytes.</summary>
    public void EndTag(int start)
    {
        var size = Length - start;
        var before = Length;
        UnsignedVarint((uint)size);
        var prefix = Length - before;
        Span<byte> encoded = stackalloc byte[5];
        _buffer.AsSpan(before, prefix).CopyTo(encoded);
        _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + prefix));
        encoded[..prefix].CopyTo(_buffer.AsSpan(start));
    }

    /// <summary>Overwrites an int32 that was written before, such as a frame's size.</summary>
    public void PatchInt32(int position, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(position, 4), value);

    /// <summary>Room for <paramref name="count"/> bytes, which the caller fills at once.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_buffer.Length - Length < count)
            Grow(count);
        var span = _buffer.AsSpan(Length, count);
        Length += count;
        return span;
    }

    public void Dispose()
    {
        Clear();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Grow(int count)
    {
        var wanted = Math.Max((long)_buffer.Length * 2, (long)Length + count);
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, Array.MaxLength));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
