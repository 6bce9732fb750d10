using System.Buffers.Binary;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>What stands at a place in a log file.</summary>
internal enum BatchState
{
    /// <summary>A whole batch of format 2 whose checksum is right.</summary>
    Good,

    /// <summary>A batch by its length and by what follows; its content is not to be trusted.</summary>
    BadCrc,

    /// <summary>The same, of another format.</summary>
    BadMagic,

    /// <summary>Bytes that are no batch, up to the next one or the end.</summary>
    Garbage,

    /// <summary>A good batch whose base offset, which the checksum does not cover, can't be right.</summary>
    Misplaced,
}

/// <summary>
/// Walks a log file from end to end, over damage too: behind it the walk goes on at the next place where a batch with a
/// right checksum begins. Owned by one reader. The work is bounded by the file's length, whatever its bytes claim.
/// </summary>
internal sealed class BatchWalk : IDisposable
{
    /// <summary>A larger batch has its checksum looked at, not its records.</summary>
    public const int LargestInMemory = 128 * 1024 * 1024;

    private const int SmallestLength = RecordBatch.HeaderSize - RecordBatch.Overhead;
    private const int LengthAt = 8;
    private const int MagicAt = 16;
    private const int AttributesAt = 21;
    private const int LastOffsetDeltaAt = 23;
    private const int CountAt = 57;
    private const int CrcChunk = 256 * 1024;

    private readonly ReadAhead _window;
    private readonly long _baseOffset;
    private long _searchBudget;

    public BatchWalk(IDiskFile file, long end, long baseOffset)
    {
        _window = new ReadAhead(file, end);
        _searchBudget = (4 * end) + (64L * 1024 * 1024);
        _baseOffset = LowestOffset = baseOffset;
    }

    public BatchState State { get; private set; }

    public long Position { get; private set; }

    /// <summary>Where the next one starts.</summary>
    public long Next { get; private set; }

    /// <summary>Where the file ends.</summary>
    public long End => _window.End;

    /// <summary>The lowest offset that a batch behind damage can begin with; the owner keeps it.</summary>
    public long LowestOffset { get; set; }

    /// <summary>The garbage ends the file and begins like a batch that was not written to its end.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Whether <see cref="Batch"/> is the whole batch and not its header alone.</summary>
    public bool IsInMemory => Next - Position <= LargestInMemory;

    /// <summary>The current batch, if there is one; good until the next move.</summary>
    public RecordBatch Batch
    {
        get
        {
            if (IsInMemory && RecordBatch.TryRead(
                _window.At(Position, (int)(Next - Position)), out RecordBatch batch) == RecordBatchError.None)
                return batch;
            return RecordBatch.FromHeader(_window.At(Position, RecordBatch.HeaderSize));
        }
    }

    public bool MoveNext()
    {
        Position = Next;
        IsTorn = false;
        if (Position >= End)
            return false;
        long size = SizeAt(Position, out bool isFormat2);
        if (size > 0 && isFormat2 && IsCrcValid(Position, size))
            return Found(BatchState.Good, Position + size);
        if (size > 0 && (Position + size == End || IsBatch(Position + size)))
            return Found(isFormat2 ? BatchState.BadCrc : BatchState.BadMagic, Position + size);
        long next = Search(Position + 1);
        IsTorn = next < 0 && LooksTorn();
        return Found(BatchState.Garbage, next < 0 ? End : next);
    }

    /// <summary>The base offset of the batch behind the current one; -1 where none of format 2 follows.</summary>
    public long PeekBaseOffset()
    {
        _ = SizeAt(Next, out bool isFormat2);
        return isFormat2 ? BinaryPrimitives.ReadInt64BigEndian(_window.At(Next, RecordBatch.HeaderSize)) : -1;
    }

    public void Dispose() => _window.Dispose();

    private bool Found(BatchState state, long next)
    {
        State = state;
        Next = next;
        return true;
    }

    /// <summary>By the length field; 0 if no batch of that length can stand there.</summary>
    private long SizeAt(long position, out bool isFormat2)
    {
        isFormat2 = false;
        ReadOnlySpan<byte> header = _window.At(position, RecordBatch.HeaderSize);
        if (header.Length < RecordBatch.HeaderSize)
            return 0;
        isFormat2 = header[MagicAt] == 2;
        int length = BinaryPrimitives.ReadInt32BigEndian(header[LengthAt..]);
        return length >= SmallestLength && length <= End - position - RecordBatch.Overhead
            ? length + RecordBatch.Overhead
            : 0;
    }

    private bool IsCrcValid(long position, long size)
    {
        uint expected = RecordBatch.FromHeader(_window.At(position, RecordBatch.HeaderSize)).Crc;
        if (size <= LargestInMemory)
            return Crc32C.Compute(_window.At(position, (int)size)[AttributesAt..]) == expected;
        uint crc = 0;
        for (long at = position + AttributesAt; at < position + size;)
        {
            ReadOnlySpan<byte> chunk = _window.At(at, (int)Math.Min(CrcChunk, position + size - at));
            if (chunk.IsEmpty)
                return false;
            crc = Crc32C.Append(crc, chunk);
            at += chunk.Length;
        }

        return crc == expected;
    }

    /// <summary>Whether a batch that could be the next one begins here.</summary>
    private bool IsBatch(long position)
    {
        ReadOnlySpan<byte> header = _window.At(position, RecordBatch.HeaderSize);
        if (header.Length < RecordBatch.HeaderSize || header[MagicAt] != 2
            || (BinaryPrimitives.ReadInt16BigEndian(header[AttributesAt..]) & 0xFF80) != 0
            || BinaryPrimitives.ReadInt32BigEndian(header[LastOffsetDeltaAt..]) < 0
            || BinaryPrimitives.ReadInt32BigEndian(header[CountAt..]) < 0)
            return false;
        long first = BinaryPrimitives.ReadInt64BigEndian(header);
        if (first < LowestOffset || first - _baseOffset > int.MaxValue)
            return false;
        long size = SizeAt(position, out _);
        if (size == 0 || _searchBudget < 0)
            return false;
        _searchBudget -= size;
        return IsCrcValid(position, size);
    }

    private long Search(long from)
    {
        while (End - from >= RecordBatch.HeaderSize && _searchBudget >= 0)
        {
            ReadOnlySpan<byte> bytes = _window.From(from, RecordBatch.HeaderSize);
            if (bytes.Length < RecordBatch.HeaderSize)
                return -1;
            int magic = bytes[MagicAt..^(RecordBatch.HeaderSize - MagicAt - 1)].IndexOf((byte)2);
            if (magic < 0)
            {
                from += bytes.Length - RecordBatch.HeaderSize + 1;
                continue;
            }

            if (IsBatch(from + magic))
                return from + magic;
            from += magic + 1;
        }

        return -1;
    }

    private bool LooksTorn()
    {
        ReadOnlySpan<byte> header = _window.At(Position, RecordBatch.HeaderSize);
        if (header.Length < RecordBatch.HeaderSize)
            return header.Length < sizeof(long) || BinaryPrimitives.ReadInt64BigEndian(header) == LowestOffset;
        return header[MagicAt] == 2 && BinaryPrimitives.ReadInt64BigEndian(header) == LowestOffset
            && BinaryPrimitives.ReadInt32BigEndian(header[LengthAt..]) > End - Position - RecordBatch.Overhead;
    }
}
