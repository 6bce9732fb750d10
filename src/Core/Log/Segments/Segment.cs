using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// One segment of a partition's log: a file of batches with its indexes. Owned by the <see cref="PartitionLog"/>, which
/// alone writes it, under the partition's lock; readers take none.
/// 1. The first <c>Size</c> bytes never change, and are whole batches in the order of their offsets but for damage,
/// which <see cref="CheckedScanner"/> finds. 2. <c>NextOffset</c> is published before <c>Size</c>: a reader that takes
/// Size first knows where its bytes end. 3. An index file may lag, lack or lie: it is compared with the log when it is
/// used, and made again from the log.
/// </summary>
internal sealed class Segment : IRecordSource
{
    private const string Deleted = ".deleted";
    private static readonly string[] Suffixes = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];

    private readonly IDisk _disk;
    private readonly string _path;
    private readonly IDiskFile _file;
    private readonly VerifiedRanges _verified = new();
    private SegmentIndexes? _indexes;
    private IDiskFile[] _unflushed = [];
    private long _size;
    private long _nextOffset;
    private long _gapsBelow;
    private long _certainFrom; // the bytes from here on were appended or checked by this process
    private long _maxTimestamp = RecordBatch.NoTimestamp;
    private int _offsetOfMaxTimestamp;
    private bool _isSealed;
    private bool _isUsed;
    private bool _isMarkedDeleted;

    public Segment(IDisk disk, string directory, Offset baseOffset, Instant created)
    {
        _disk = disk;
        _path = $"{directory}/{baseOffset.Value:D20}";
        _file = disk.Open(_path + ".log");
        _nextOffset = baseOffset.Value;
        BaseOffset = baseOffset;
        Created = created;
        Aborted = new AbortedTransactions(disk, _path + ".txnindex");
    }

    public Offset BaseOffset { get; }

    public Instant Created { get; }

    /// <summary>Of its files, without their suffixes.</summary>
    public string Path => _path;

    public IDiskFile File => _file;

    public long Size => Volatile.Read(ref _size);

    public Offset NextOffset => new(Volatile.Read(ref _nextOffset));

    /// <summary>Below it offsets may be missing without damage, because the cleaner was at work there.</summary>
    public Offset GapsBelow
    {
        get => new(Volatile.Read(ref _gapsBelow));
        set => Volatile.Write(ref _gapsBelow, value.Value);
    }

    /// <summary>Hears of a file beside the log file that was damaged, and is made again from it.</summary>
    public Action<string> OnRepair { get; set; } = _ => { };

    /// <summary>The aborted transactions whose markers stand here.</summary>
    public AbortedTransactions Aborted { get; }

    /// <summary>The greatest timestamp of the first batch; -1 while the segment is empty.</summary>
    public long FirstTimestamp { get; private set; } = RecordBatch.NoTimestamp;

    public SegmentIndexes Indexes
    {
        get
        {
            Volatile.Write(ref _isUsed, true);
            return Volatile.Read(ref _indexes) ?? LoadIndexes();
        }
    }

    public long MaxTimestamp
    {
        get
        {
            if (Volatile.Read(ref _maxTimestamp) == RecordBatch.NoTimestamp)
                _ = Indexes;
            return Volatile.Read(ref _maxTimestamp);
        }
    }

    /// <summary>Its files are out of the way.</summary>
    public bool IsMarkedDeleted => _isMarkedDeleted;

    /// <summary>The index files say all of the batches so far, to the greatest timestamp: as in a closed segment.
    /// </summary>
    public bool IsIndexSaved { get; private set; }

    /// <summary>Files that a flush has to reach beside the log file.</summary>
    public bool HasUnflushedFiles => Volatile.Read(ref _unflushed).Length > 0;

    /// <summary>Starts with nothing known but an empty file.</summary>
    public void StartEmpty() => StartAt(0, BaseOffset, new SegmentIndexes { IsCertain = true });

    /// <summary>Knows the batches before a position, of which these are the indexes; the rest is noted next.</summary>
    public void StartAt(long position, Offset nextOffset, SegmentIndexes indexes)
    {
        _indexes = indexes;
        _size = position;
        _certainFrom = position;
        _nextOffset = nextOffset.Value;
        IsIndexSaved = false;
        _maxTimestamp = indexes.Times.Last.Timestamp;
        _offsetOfMaxTimestamp = indexes.Times.Last.RelativeOffset;
        FirstTimestamp = RecordBatch.NoTimestamp;
        if (position > 0)
            FirstTimestamp = ReadFirstTimestamp();
    }

    /// <summary>Takes the file as it is, for a sealed segment; indexes are read when they are first needed.</summary>
    public void Trust(Offset nextOffset)
    {
        _nextOffset = nextOffset.Value;
        _size = _file.Length;
        _certainFrom = _size;
        _isSealed = true;
    }

    /// <summary>All batches are counted: compares the indexes with what the files were found to hold.</summary>
    public void CompareIndexes((int Offsets, TimeIndex.Entry Latest) files) =>
        IsIndexSaved = files == (Indexes.Offsets.Count, new TimeIndex.Entry(_maxTimestamp, _offsetOfMaxTimestamp));

    public void Append(scoped in RecordBatch batch, int indexIntervalBytes)
    {
        _isSealed = false; // where the disk was too full for the next segment, this one goes on
        _file.Write(_size, batch.Bytes);
        Note(batch, indexIntervalBytes);
    }

    /// <summary>Counts a batch that stands in the file behind those already counted.</summary>
    public void Note(scoped in RecordBatch batch, int indexIntervalBytes)
    {
        int relativeOffset = (int)(batch.LastOffset - BaseOffset.Value);
        IsIndexSaved = false;
        if (_size == 0)
            FirstTimestamp = batch.MaxTimestamp;
        if (batch.Count > 0 && batch.MaxTimestamp > _maxTimestamp)
        {
            _offsetOfMaxTimestamp = relativeOffset;
            Volatile.Write(ref _maxTimestamp, batch.MaxTimestamp);
        }

        var greatest = new TimeIndex.Entry(_maxTimestamp, _offsetOfMaxTimestamp);
        Indexes.Note((int)_size, batch.SizeInBytes, relativeOffset, greatest, indexIntervalBytes);
        Volatile.Write(ref _nextOffset, batch.LastOffset + 1);
        Volatile.Write(ref _size, _size + batch.SizeInBytes);
    }

    /// <summary>The checksums of the batches counted so far are compared when they are read.</summary>
    public void LeaveUnverified() => _certainFrom = _size;

    /// <summary>Counts bytes that hold no sound batch and stay where they are.</summary>
    public void Skip(DamagedRange damage)
    {
        _nextOffset = damage.End.Value;
        _size = damage.EndPosition;
        LeaveUnverified();
    }

    /// <summary>No more appends: the last time entry and the index files are written.</summary>
    public void Seal()
    {
        Indexes.Times.MaybeAppend(_maxTimestamp, _offsetOfMaxTimestamp);
        SaveIndexes();
        _isSealed = true;
        IsIndexSaved = true;
    }

    /// <summary>Brings the index files up to the indexes; <see cref="Flush"/> makes them durable.</summary>
    public void SaveIndexes()
    {
        FlushLater(Indexes.Save(_disk, _path));
        Aborted.Save();
    }

    /// <summary>
    /// After an unclean stop what the file of aborted transactions has may be in the page cache alone, and a checkpoint
    /// relies on it.
    /// </summary>
    public void FlushAbortedLater() => FlushLater(Aborted.OpenIfPresent());

    private void FlushLater(IDiskFile[] files)
    {
        IDiskFile[] before;
        do
        {
            before = Volatile.Read(ref _unflushed);
        }
        while (Interlocked.CompareExchange(ref _unflushed, [.. before, .. files], before) != before);
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

    public int Lend() => _file.Lend();

    public void TakeBack() => _file.TakeBack();

    public int RelativeOffset(Offset offset) => (int)Math.Clamp(offset - BaseOffset, 0, int.MaxValue);

    /// <summary>All sound batches from the start.</summary>
    public CheckedScanner Scan(Span<byte> window) => new(this, 0, BaseOffset.Value, window);

    /// <summary>Sound batches from one at or before that which holds an offset.</summary>
    public CheckedScanner ScanTo(Offset offset, Span<byte> window)
    {
        SegmentIndexes indexes = Indexes;
        if (!indexes.Offsets.TryFind(RelativeOffset(offset), out OffsetIndex.Entry entry))
            return Scan(window);
        if (!indexes.IsCertain && !IsTrue(entry, out _))
        {
            indexes = RebuildIndexes();
            if (!indexes.Offsets.TryFind(RelativeOffset(offset), out entry))
                return Scan(window);
        }

        return new CheckedScanner(this, entry.Position, -1, window);
    }

    /// <summary>
    /// An offset before which no record has the timestamp or a later one.
    /// </summary>
    public Offset OffsetBefore(long timestamp)
    {
        SegmentIndexes indexes = Indexes;
        if (!indexes.Times.TryFind(timestamp, out TimeIndex.Entry entry))
            return BaseOffset;
        if (!indexes.IsCertain && !IsTrue(entry)
            && !RebuildIndexes().Times.TryFind(timestamp, out entry))
            return BaseOffset;
        return BaseOffset + entry.RelativeOffset;
    }

    /// <summary>Up to where the bytes from a position on are known to be sound.</summary>
    public long VerifiedEnd(long position)
    {
        if (position < _certainFrom)
            position = _verified.EndFrom(position);
        return position >= _certainFrom ? long.MaxValue : position;
    }

    public void AddVerified(long from, long to) => _verified.Add(from, Math.Min(to, _certainFrom));

    /// <summary>Cuts the segment before the first batch that ends at or above an offset; the indexes follow.</summary>
    public void TruncateTo(Offset offset, int indexIntervalBytes)
    {
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        long end = Size;
        CheckedScanner scanner = ScanTo(offset, window);
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
        StartEmpty();
        _isSealed = false;
        var batches = new BatchScanner(_file, 0, end, window);
        while (batches.MoveNext())
            Note(batches.Header, indexIntervalBytes);
        Aborted.TruncateTo(NextOffset);
    }

    /// <summary>
    /// Writes once more what was checked, so that a flush brings it to the disk whatever a failed one has dropped.
    /// </summary>
    public void WriteAgain()
    {
        byte[] chunk = new byte[Math.Min(64 * 1024, _size - _certainFrom)];
        for (long at = _certainFrom; at < _size; at += chunk.Length)
        {
            Span<byte> bytes = chunk.AsSpan(0, (int)Math.Min(chunk.Length, _size - at));
            Read(at, bytes);
            _file.Write(at, bytes);
        }
    }

    /// <summary>What a failed write left behind the end goes.</summary>
    public void DropUnfinished()
    {
        if (_file.Length > _size)
            _file.Truncate(_size);
    }

    /// <summary>A sealed segment that nobody has used since the last call keeps nothing in memory.</summary>
    public void ReleaseIdle()
    {
        if (!_isSealed || HasUnflushedFiles || Volatile.Read(ref _indexes) is null)
            return;
        if (Volatile.Read(ref _isUsed))
        {
            Volatile.Write(ref _isUsed, false);
            return;
        }

        _certainFrom = Size; // what was read from the disk again is compared again
        _verified.Clear();
        Volatile.Write(ref _indexes, null);
        Aborted.Release();
    }

    /// <summary>
    /// Gives the log file the suffix that Kafka gives to what is to be deleted, and deletes the files beside it. A
    /// reader that holds the segment goes on.
    /// </summary>
    /// <param name="keepsSnapshot">Another segment has the same base offset and needs the producers there.</param>
    public void MarkDeleted(bool keepsSnapshot = false)
    {
        if (_isMarkedDeleted)
            return;
        _file.MoveTo($"{_path}.log{Deleted}");
        _isMarkedDeleted = true;
        foreach (string suffix in keepsSnapshot ? Suffixes[1..^1] : Suffixes[1..])
            DeleteIfThere(_path + suffix);
    }

    /// <summary>
    /// Deletes the files and closes them, for the space is free only then. A reader that holds the segment gets an
    /// <see cref="IOException"/>.
    /// </summary>
    /// <param name="keepsSnapshot">The producers at the base offset stay.</param>
    public void DeleteFiles(bool keepsSnapshot = false)
    {
        if (_isMarkedDeleted)
        {
            DeleteIfThere($"{_path}.log{Deleted}");
        }
        else
        {
            foreach (string suffix in keepsSnapshot ? Suffixes[..^1] : Suffixes)
                DeleteIfThere(_path + suffix);
        }

        Close();
    }

    public void Close()
    {
        foreach (IDiskFile file in Interlocked.Exchange(ref _unflushed, []))
            file.Dispose();
        _file.Dispose();
    }

    private void DeleteIfThere(string path)
    {
        if (_disk.Exists(path))
            _disk.Delete(path);
    }

    /// <summary>Whether an entry of an index file says what the log says.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="baseOffset">Of the batch that it names.</param>
    public bool IsTrue(OffsetIndex.Entry entry, out Offset baseOffset)
    {
        var scanner = new BatchScanner(_file, entry.Position, _file.Length, stackalloc byte[RecordBatch.HeaderSize]);
        bool isTrue = scanner.MoveNext() && scanner.Header.LastOffset == BaseOffset.Value + entry.RelativeOffset;
        baseOffset = isTrue ? new Offset(scanner.Header.BaseOffset) : Offset.None;
        return isTrue;
    }

    private bool IsTrue(TimeIndex.Entry entry)
    {
        CheckedScanner scanner = ScanTo(BaseOffset + entry.RelativeOffset, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            long last = scanner.Header.LastOffset - BaseOffset.Value;
            if (last >= entry.RelativeOffset)
                return last == entry.RelativeOffset && scanner.Header.MaxTimestamp == entry.Timestamp;
        }

        return false;
    }

    /// <summary>Makes the index files anew from the log, durably.</summary>
    public void RestoreIndexes()
    {
        RebuildIndexes();
        SaveIndexes();
        Flush();
    }

    private SegmentIndexes LoadIndexes()
    {
        if (!SegmentIndexes.TryLoad(_disk, _path, _size, out SegmentIndexes indexes))
        {
            string[] unsound = [.. SegmentIndexes.Unsound(_disk, _path, _size)];
            indexes = RebuildIndexes(out bool isWhole);
            foreach (string suffix in isWhole ? unsound : [])
                OnRepair(_path + suffix);
            return indexes;
        }

        if (indexes.Times.Count == 0 && _size > 0)
            return RebuildIndexes();
        indexes = Interlocked.CompareExchange(ref _indexes, indexes, null) ?? indexes;
        TimeIndex.Entry latest = indexes.Times.Last;
        if (!indexes.IsCertain && latest.Timestamp >= 0 && !IsTrue(latest))
            return RebuildIndexes();
        Volatile.Write(ref _maxTimestamp, latest.Timestamp);
        return indexes;
    }

    private SegmentIndexes RebuildIndexes() => RebuildIndexes(out _);

    /// <param name="isWhole">The log file lacks nothing, so that what did not fit it was wrong itself.</param>
    private SegmentIndexes RebuildIndexes(out bool isWhole)
    {
        isWhole = true;
        var indexes = new SegmentIndexes { IsCertain = true };
        var greatest = new TimeIndex.Entry(RecordBatch.NoTimestamp, 0);
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        CheckedScanner scanner = Scan(window);
        while (true)
        {
            while (scanner.MoveNext())
            {
                int relativeOffset = (int)(scanner.Header.LastOffset - BaseOffset.Value);
                if (scanner.Header.Count > 0 && scanner.Header.MaxTimestamp > greatest.Timestamp)
                    greatest = new TimeIndex.Entry(scanner.Header.MaxTimestamp, relativeOffset);
                indexes.Note((int)scanner.Position, scanner.Header.SizeInBytes, relativeOffset, greatest,
                    LogSettings.Default.IndexIntervalBytes);
            }

            scanner.Remember();
            if (!scanner.IsDamaged)
                break;
            isWhole = false;
            DamagedRange damage = Resync.Behind(this, scanner.Next, scanner.Expected);
            scanner = new CheckedScanner(this, damage.EndPosition, damage.End.Value, window);
        }

        isWhole &= NextOffset.Value <= Math.Max(scanner.Expected, GapsBelow.Value);
        indexes.Times.MaybeAppend(greatest.Timestamp, greatest.RelativeOffset);
        Volatile.Write(ref _maxTimestamp, indexes.Times.Last.Timestamp);
        Volatile.Write(ref _indexes, indexes);
        return indexes;
    }

    private long ReadFirstTimestamp()
    {
        var scanner = new BatchScanner(_file, 0, _size, stackalloc byte[RecordBatch.HeaderSize]);
        return scanner.MoveNext() ? scanner.Header.MaxTimestamp : RecordBatch.NoTimestamp;
    }
}
