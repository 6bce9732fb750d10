using System.Buffers;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// Reads the batches of a closed segment whole, one after the other, and checks each: its place, its offsets, its CRC.
/// Owned by one cleaning. 1. <see cref="Current"/> is valid until the next move. 2. A batch that fits no buffer is
/// read only when its CRC is known to be right, so that a damaged length takes no memory.
/// </summary>
internal sealed class BatchReader : IDisposable
{
    private const int BufferSize = 1 << 20;
    private const int CrcCovers = 21;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private Segment? _segment;
    private long _size;
    private long _filledTo;
    private int _start;
    private int _end;
    private int _currentSize;
    private long _expectedOffset;

    /// <summary>Bytes read from files so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Behind the last batch that was read.</summary>
    public Offset NextOffset => new(_expectedOffset);

    public RecordBatch Current
    {
        get
        {
            RecordBatch.TryRead(_buffer.AsSpan(_start, _currentSize), out RecordBatch batch);
            return batch;
        }
    }

    private long Position => _filledTo - (_end - _start);

    /// <summary>Starts at a position of the segment at which a batch begins.</summary>
    public void Open(Segment segment, long position)
    {
        _segment = segment;
        _size = segment.Size;
        _filledTo = position;
        _start = _end = _currentSize = 0;
        _expectedOffset = segment.BaseOffset.Value;
    }

    /// <summary>False at the end of the segment.</summary>
    /// <exception cref="DamagedLogException">No sound batch follows.</exception>
    public bool MoveNext()
    {
        if (_currentSize > 0)
            _expectedOffset = Current.LastOffset + 1;
        _start += _currentSize;
        _currentSize = 0;
        long left = _size - Position;
        if (left == 0)
            return false;
        if (left < RecordBatch.HeaderSize)
            throw Damaged("the segment ends within a batch");
        Fill(RecordBatch.HeaderSize);
        RecordBatch header = RecordBatch.FromHeader(_buffer.AsSpan(_start));
        if (header.Magic != 2)
            throw Damaged($"a batch of format {header.Magic} can't be cleaned");
        int size = header.SizeInBytes;
        if (size < RecordBatch.HeaderSize || size > left)
            throw Damaged("no batch has such a length");
        if (header.LastOffsetDelta < 0 || header.BaseOffset < _expectedOffset)
            throw Damaged("its offsets are out of order");
        if (header.BaseOffset > Math.Max(_expectedOffset, _segment!.GapsBelow.Value))
            throw Damaged("offsets are missing");
        if (size > _buffer.Length)
            Grow(size, header.Crc);
        Fill(size);
        RecordBatch.TryRead(_buffer.AsSpan(_start, size), out RecordBatch whole);
        if (!whole.IsCrcValid)
            throw Damaged("its checksum is wrong");
        _currentSize = size;
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>The batch that stands here is not to be read.</summary>
    public DamagedLogException Damaged(string what) =>
        new($"{_segment!.Path}.log is damaged at position {Position}, offset {_expectedOffset}: {what}");

    private void Fill(int needed)
    {
        if (_end - _start >= needed)
            return;
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int count = (int)Math.Min(_buffer.Length - _end, _size - _filledTo);
        _segment!.Read(_filledTo, _buffer.AsSpan(_end, count));
        _end += count;
        _filledTo += count;
        BytesRead += count;
    }

    private void Grow(int size, uint expected)
    {
        long at = Position + CrcCovers;
        long end = Position + size;
        byte[] chunk = ArrayPool<byte>.Shared.Rent(BufferSize);
        uint crc = 0;
        for (; at < end; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at));
            _segment!.Read(at, part);
            crc = Crc32C.Append(crc, part);
        }

        ArrayPool<byte>.Shared.Return(chunk);
        if (crc != expected)
            throw Damaged("its checksum is wrong");
        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(_start.._end).CopyTo(larger);
        _end -= _start;
        _start = 0;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
