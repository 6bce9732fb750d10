using System.Buffers.Binary;

namespace Millrace.Protocol.Records;

/// <summary>Why the bytes at hand do not start with a whole batch.</summary>
public enum RecordBatchError
{
    None,

    /// <summary>The bytes end before the batch does.</summary>
    Incomplete,

    /// <summary>The length field is below the smallest message of any format, or beyond any.</summary>
    InvalidLength,

    /// <summary>The length field is below the smallest batch.</summary>
    TooShort,

    /// <summary>A message set of format 0 or 1.</summary>
    OldMagic,

    /// <summary>A format that nobody defined.</summary>
    UnknownMagic,
}

/// <summary>One record batch of format 2, seen over its bytes. KIP-98.</summary>
public readonly ref struct RecordBatch
{
    /// <summary>Base offset and length, which the length field does not count.</summary>
    public const int Overhead = 12;
    public const int HeaderSize = 61;
    public const long NoTimestamp = -1;
    public const long NoProducerId = -1;
    public const short NoProducerEpoch = -1;
    public const int NoSequence = -1;

    internal const int LengthAt = 8;
    internal const int LeaderEpochAt = 12;
    internal const int MagicAt = 16;
    internal const int CrcAt = 17;
    internal const int AttributesAt = 21;
    internal const int LastOffsetDeltaAt = 23;
    internal const int BaseTimestampAt = 27;
    internal const int MaxTimestampAt = 35;
    internal const int ProducerIdAt = 43;
    internal const int ProducerEpochAt = 51;
    internal const int BaseSequenceAt = 53;
    internal const int CountAt = 57;

    internal const int TimestampTypeBit = 0x08;
    internal const int TransactionalBit = 0x10;
    internal const int ControlBit = 0x20;
    internal const int DeleteHorizonBit = 0x40;

    private const int CodecMask = 0x07;
    private const int SmallestOldMessage = 14;

    private RecordBatch(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The whole batch, or its header alone (see <see cref="FromHeader"/>).</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public int SizeInBytes => Overhead + BinaryPrimitives.ReadInt32BigEndian(Bytes[LengthAt..]);

    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(Bytes);

    public int PartitionLeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(Bytes[LeaderEpochAt..]);

    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(Bytes[CrcAt..]);

    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(Bytes[AttributesAt..]);

    public byte Magic => Bytes[MagicAt];

    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(Bytes[LastOffsetDeltaAt..]);

    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>What record timestamps count from; the delete horizon where <see cref="HasDeleteHorizon"/>.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(Bytes[BaseTimestampAt..]);

    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(Bytes[MaxTimestampAt..]);

    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(Bytes[ProducerIdAt..]);

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(Bytes[ProducerEpochAt..]);

    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(Bytes[BaseSequenceAt..]);

    /// <summary>Sequence of the last record; after 2147483647 comes 0.</summary>
    public int LastSequence => BaseSequence == NoSequence
        ? NoSequence
        : (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    public int Count => BinaryPrimitives.ReadInt32BigEndian(Bytes[CountAt..]);

    /// <summary>The codec's number, which may be one that nobody defined (5 to 7).</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CodecMask);

    public TimestampType TimestampType => (TimestampType)((Attributes & TimestampTypeBit) >> 3);

    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    public bool IsControl => (Attributes & ControlBit) != 0;

    public bool HasDeleteHorizon => (Attributes & DeleteHorizonBit) != 0;

    public bool HasProducerId => ProducerId > NoProducerId;

    /// <summary>The record section as it stands in the batch, compressed or not.</summary>
    public ReadOnlySpan<byte> RecordBytes => Bytes[HeaderSize..];

    public bool IsCrcValid => Crc32C.Compute(Bytes[AttributesAt..]) == Crc;

    /// <summary>Reads the batch at the start of <paramref name="data"/>; the CRC is not looked at.</summary>
    public static RecordBatchError TryRead(ReadOnlySpan<byte> data, out RecordBatch batch)
    {
        batch = default;
        if (data.Length < Overhead)
            return RecordBatchError.Incomplete;
        int length = BinaryPrimitives.ReadInt32BigEndian(data[LengthAt..]);
        if (length is < SmallestOldMessage or > int.MaxValue - Overhead)
            return RecordBatchError.InvalidLength;
        if (data.Length <= MagicAt)
            return RecordBatchError.Incomplete;
        byte magic = data[MagicAt];
        if (magic > 2)
            return RecordBatchError.UnknownMagic;
        if (data.Length - Overhead < length)
            return RecordBatchError.Incomplete;
        if (magic < 2)
            return RecordBatchError.OldMagic;
        if (length < HeaderSize - Overhead)
            return RecordBatchError.TooShort;
        batch = new RecordBatch(data[..(Overhead + length)]);
        return RecordBatchError.None;
    }

    /// <summary>A view of the header alone, for scans that leave the records on the disk.</summary>
    public static RecordBatch FromHeader(ReadOnlySpan<byte> header) => new(header[..HeaderSize]);

    /// <summary>
    /// The batches in <paramref name="data"/> one after the other, up to the first that is not whole.
    /// </summary>
    public static RecordBatches Enumerate(ReadOnlySpan<byte> data) => new(data);

    /// <summary>The records, given the record section without compression.</summary>
    public RecordEnumerator Records(ReadOnlySpan<byte> uncompressed) => new(this, uncompressed);
}

/// <summary>Walks the batches of a buffer.</summary>
public ref struct RecordBatches
{
    private RecordBatch _current;

    internal RecordBatches(ReadOnlySpan<byte> data) => Rest = data;

    public readonly RecordBatch Current => _current;

    /// <summary>The bytes behind <see cref="Current"/>.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; }

    /// <summary>Why the walk ended; Incomplete at the end of a good buffer.</summary>
    public RecordBatchError Error { get; private set; }

    public readonly RecordBatches GetEnumerator() => this;

    public bool MoveNext()
    {
        Error = RecordBatch.TryRead(Rest, out _current);
        if (Error != RecordBatchError.None)
            return false;
        Rest = Rest[_current.SizeInBytes..];
        return true;
    }
}
