using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log;

/// <summary>
/// One segment of a partition's log: a file of batches and its two indexes. Owned by the <see cref="PartitionLog"/>,
/// which alone writes it, under the partition's lock; readers take none.
/// 1. The first <c>Size</c> bytes are whole batches in the order of their offsets and never change.
/// 2. <c>NextOffset</c> is published before <c>Size</c>: a reader that takes Size first knows where its bytes end.
/// 3. Index files are written when the segment is sealed; a missing or damaged one is made again from the log file.
/// </summary>
internal sealed class Segment : IRecordSource
{
    private readonly IDisk _disk;
    private readonly string _path;
    private readonly IDiskFile _file;
    private SegmentIndexes? _indexes;
    private IDiskFile[] _unflushed = [];
    private long _size;
    private long _nextOffset;
    private long _maxTimestamp = RecordBatch.NoTimestamp;
    private int _offsetOfMaxTimestamp;

    public Segment(IDisk disk, string directory, Offset baseOffset, Instant created)
    {
        _disk = disk;
        _path = $"{directory}/{baseOffset.Value:D20}";
        _file = disk.Open(_path + ".log");
        _nextOffset = baseOffset.Value;
        BaseOffset = baseOffset;
        Created = created;
    }

    public Offset BaseOffset { get; }

    public Instant Created { get; }

    /// <summary>Of its files, without their suffixes.</summary>
    public string Path => _path;

    public IDiskFile File => _file;

    public long Size => Volatile.Read(ref _size);

    public Offset NextOffset => new(Volatile.Read(ref _nextOffset));

    /// <summary>The greatest timestamp of the first batch; -1 while the segment is empty.</summary>
    public long FirstTimestamp { get; private set; } = RecordBatch.NoTimestamp;

    public SegmentIndexes Indexes => Volatile.Read(ref _indexes) ?? LoadIndexes();

    public long MaxTimestamp
    {
        get
        {
            _ = Indexes;
            return Volatile.Read(ref _maxTimestamp);
        }
    }

    /// <summary>Files that a flush has to reach beside the log file.</summary>
    public bool HasUnflushedFiles => Volatile.Read(ref _unflushed).Length > 0;

    /// <summary>Starts with nothing known but an empty file.</summary>
    public void StartEmpty() => _indexes = new SegmentIndexes();

    /// <summary>Takes the file as it is; indexes are read when they are first needed.</summary>
    public void Trust(Offset nextOffset)
    {
        _nextOffset = nextOffset.Value;
        _size = _file.Length;
    }

    public void Append(scoped in RecordBatch batch, int indexIntervalBytes)
    {
        _file.Write(_size, batch.Bytes);
        Note(batch, indexIntervalBytes);
    }

    /// <summary>Counts a batch that stands in the file behind those already counted.</summary>
    public void Note(scoped in RecordBatch batch, int indexIntervalBytes)
    {
        int relativeOffset = (int)(batch.LastOffset - BaseOffset.Value);
        if (_size == 0)
            FirstTimestamp = batch.MaxTimestamp;
        if (batch.MaxTimestamp > _maxTimestamp)
        {
            _offsetOfMaxTimestamp = relativeOffset;
            Volatile.Write(ref _maxTimestamp, batch.MaxTimestamp);
        }

        var greatest = new TimeIndex.Entry(_maxTimestamp, _offsetOfMaxTimestamp);
        Indexes.Note((int)_size, batch.SizeInBytes, relativeOffset, greatest, indexIntervalBytes);
        Volatile.Write(ref _nextOffset, batch.LastOffset + 1);
        Volatile.Write(ref _size, _size + batch.SizeInBytes);
    }

    /// <summary>Finds the end of the file from the last index entry on, by the headers alone.</summary>
    public void LoadTail(int indexIntervalBytes)
    {
        long length = _file.Length;
        if (SegmentIndexes.TryLoad(_disk, _path, length, out SegmentIndexes indexes))
            NoteFrom(indexes.Offsets.LastPosition(), length, indexes, indexIntervalBytes);
        if (NextOffset == BaseOffset)
            NoteFrom(0, length, new SegmentIndexes(), indexIntervalBytes);
        if (_size < length)
            _file.Truncate(_size);
        FirstTimestamp = ReadFirstTimestamp();
    }

    /// <summary>No more appends: the last time entry and both index files are written.</summary>
    public void Seal()
    {
        SegmentIndexes indexes = Indexes;
        indexes.Times.MaybeAppend(_maxTimestamp, _offsetOfMaxTimestamp);
        Volatile.Write(ref _unflushed, indexes.Save(_disk, _path));
    }

    public void Flush()
    {
        _file.Flush();
        foreach (IDiskFile file in Interlocked.Exchange(ref _unflushed, []))
        {
            using (file)
                file.Flush();
        }
    }

    public void Read(long position, Span<byte> destination)
    {
        if (_file.Read(position, destination) < destination.Length)
            throw new IOException($"{_path}.log ends before position {position + destination.Length}.");
    }

    public BatchScanner Scan(long position, Span<byte> window) => new(_file, position, Size, window);

    public int RelativeOffset(Offset offset) => (int)Math.Clamp(offset - BaseOffset, 0, int.MaxValue);

    /// <summary>Cuts the segment before the first batch that ends at or above an offset; the indexes follow.</summary>
    public void TruncateTo(Offset offset, int indexIntervalBytes)
    {
        long end = Size;
        SegmentIndexes indexes = Indexes;
        long relative = offset - BaseOffset;
        BatchScanner scanner = Scan(indexes.Offsets.PositionFor(relative), stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            if (scanner.Header.LastOffset >= offset.Value)
            {
                end = scanner.Position;
                break;
            }
        }

        _file.Truncate(end);
        _file.Flush();
        _nextOffset = BaseOffset.Value;
        NoteFrom(0, end, new SegmentIndexes(), indexIntervalBytes);
    }

    /// <summary>
    /// Deletes the files and closes them, for the space is free only then. A reader that holds the segment gets an
    /// <see cref="IOException"/>.
    /// </summary>
    public void DeleteFiles()
    {
        foreach (string suffix in (string[])[".log", ".index", ".timeindex", ".snapshot"])
        {
            if (_disk.Exists(_path + suffix))
                _disk.Delete(_path + suffix);
        }

        Close();
    }

    public void Close()
    {
        foreach (IDiskFile file in Interlocked.Exchange(ref _unflushed, []))
            file.Dispose();
        _file.Dispose();
    }

    private void NoteFrom(long position, long end, SegmentIndexes indexes, int indexIntervalBytes)
    {
        _indexes = indexes;
        _size = position;
        _maxTimestamp = indexes.Times.Last.Timestamp;
        _offsetOfMaxTimestamp = indexes.Times.Last.RelativeOffset;
        var scanner = new BatchScanner(_file, position, end, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
            Note(scanner.Header, indexIntervalBytes);
    }

    private SegmentIndexes LoadIndexes()
    {
        if (!SegmentIndexes.TryLoad(_disk, _path, _size, out SegmentIndexes indexes))
            indexes = RebuildIndexes();
        Volatile.Write(ref _maxTimestamp, indexes.Times.Last.Timestamp);
        return Interlocked.CompareExchange(ref _indexes, indexes, null) ?? indexes;
    }

    private SegmentIndexes RebuildIndexes()
    {
        var indexes = new SegmentIndexes();
        var greatest = new TimeIndex.Entry(RecordBatch.NoTimestamp, 0);
        BatchScanner scanner = Scan(0, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            int relativeOffset = (int)(scanner.Header.LastOffset - BaseOffset.Value);
            if (scanner.Header.MaxTimestamp > greatest.Timestamp)
                greatest = new TimeIndex.Entry(scanner.Header.MaxTimestamp, relativeOffset);
            indexes.Note((int)scanner.Position, scanner.Header.SizeInBytes, relativeOffset, greatest,
                LogSettings.Default.IndexIntervalBytes);
        }

        indexes.Times.MaybeAppend(greatest.Timestamp, greatest.RelativeOffset);
        return indexes;
    }

    private long ReadFirstTimestamp()
    {
        var scanner = new BatchScanner(_file, 0, _size, stackalloc byte[RecordBatch.HeaderSize]);
        return scanner.MoveNext() ? scanner.Header.MaxTimestamp : RecordBatch.NoTimestamp;
    }
}
