using System.Buffers;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// The segment that the cleaner writes, in files that nobody else looks at. Owned by one cleaning. 1. Its batches stand
/// in the order of their offsets. 2. After <see cref="Flush"/> all of it is on stable storage, but for the names.
/// </summary>
internal sealed class CleanedSegment : IDisposable
{
    private const int BufferSize = 1 << 20;

    private readonly IDisk _disk;
    private readonly IDiskFile _file;
    private readonly Offset _baseOffset;
    private readonly int _indexIntervalBytes;
    private readonly SegmentIndexes _indexes = new();
    private readonly List<AbortedTransaction> _aborted = [];
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _buffered;
    private long _written;
    private TimeIndex.Entry _greatest = new(RecordBatch.NoTimestamp, 0);

    public CleanedSegment(IDisk disk, string directory, Offset baseOffset, int indexIntervalBytes)
    {
        _disk = disk;
        _baseOffset = baseOffset;
        _indexIntervalBytes = indexIntervalBytes;
        Path = $"{directory}/{baseOffset.Value:D20}";
        NextOffset = baseOffset;
        SwapFiles.Delete(disk, Path, SwapFiles.Cleaned);
        _file = disk.Open(Path + ".log" + SwapFiles.Cleaned);
    }

    /// <summary>Of its files, without their suffixes.</summary>
    public string Path { get; }

    public long Size => _written + _buffered;

    /// <summary>Behind the last batch.</summary>
    public Offset NextOffset { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        RecordBatch.TryRead(bytes, out RecordBatch batch);
        if (Size + bytes.Length > int.MaxValue)
            throw new IOException($"{Path}.log would become larger than a segment can be");
        int relative = (int)(batch.LastOffset - _baseOffset.Value);
        if (batch.Count > 0 && batch.MaxTimestamp > _greatest.Timestamp) // an empty one has no record of that time
            _greatest = new TimeIndex.Entry(batch.MaxTimestamp, relative);
        _indexes.Note((int)Size, bytes.Length, relative, _greatest, _indexIntervalBytes);
        NextOffset = new Offset(batch.LastOffset + 1);
        Write(bytes);
    }

    /// <summary>The transaction's marker stays, and so does its entry in the index.</summary>
    public void Keep(AbortedTransaction aborted) => _aborted.Add(aborted);

    public void Flush()
    {
        WriteBuffer();
        _indexes.Times.MaybeAppend(_greatest.Timestamp, _greatest.RelativeOffset);
        Save(".index", _indexes.Offsets.Encode(0, _indexes.Offsets.Count));
        Save(".timeindex", _indexes.Times.Encode(0, _indexes.Times.Count));
        if (_aborted.Count > 0)
            Save(".txnindex", TransactionIndex.Encode(_aborted));
        _file.Flush();
    }

    /// <summary>Closes it, and deletes what has not been given another name.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _file.Dispose();
        SwapFiles.Delete(_disk, Path, SwapFiles.Cleaned);
    }

    private void Save(string suffix, byte[] content)
    {
        using IDiskFile file = DiskFiles.Replace(_disk, Path + suffix + SwapFiles.Cleaned, content);
        file.Flush();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _buffered)
            WriteBuffer();
        if (bytes.Length > _buffer.Length)
        {
            _file.Write(_written, bytes);
            _written += bytes.Length;
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    private void WriteBuffer()
    {
        _file.Write(_written, _buffer.AsSpan(0, _buffered));
        _written += _buffered;
        _buffered = 0;
    }
}
