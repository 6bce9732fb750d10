namespace Millrace.Core.Log.Segments;

/// <summary>
/// The two indexes of a segment and their files. They can always be made again from the log file.
/// 1. The files hold the first entries of the indexes, up to the last <see cref="Save"/>.
/// </summary>
internal sealed class SegmentIndexes(OffsetIndex offsets, TimeIndex times)
{
    private readonly Lock _saving = new();
    private int _savedOffsets = offsets.Count;
    private int _savedTimes = times.Count;
    private int _bytesSinceEntry;

    public SegmentIndexes()
        : this(new OffsetIndex(), new TimeIndex())
    {
    }

    public OffsetIndex Offsets { get; } = offsets;

    public TimeIndex Times { get; } = times;

    /// <summary>Made from the batches by this process; what a file says is compared with the log when it is used.
    /// </summary>
    public bool IsCertain { get; init; }

    public bool IsFull(int indexBytes) =>
        Offsets.Count >= indexBytes / OffsetIndex.EntrySize
        || Times.Count >= (indexBytes / TimeIndex.EntrySize) - 1;

    /// <summary>Counts a batch; it gets an entry if enough bytes lie between it and the last that has one.</summary>
    public void Note(int position, int size, int lastRelativeOffset, TimeIndex.Entry greatest, int intervalBytes)
    {
        if (_bytesSinceEntry > intervalBytes)
        {
            Offsets.Append(lastRelativeOffset, position);
            Times.MaybeAppend(greatest.Timestamp, greatest.RelativeOffset);
            _bytesSinceEntry = 0;
        }

        _bytesSinceEntry += size;
    }

    /// <summary>Reads the files; false if one is missing or cannot be of a segment of this size.</summary>
    public static bool TryLoad(IDisk disk, string path, long segmentSize, out SegmentIndexes indexes)
    {
        indexes = new SegmentIndexes();
        if (!disk.Exists(path + ".index") || !disk.Exists(path + ".timeindex")
            || !OffsetIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".index"), segmentSize, out OffsetIndex offsets)
            || !TimeIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".timeindex"), out TimeIndex times))
            return false;
        indexes = new SegmentIndexes(offsets, times);
        return true;
    }

    /// <summary>The suffixes of the files that <see cref="TryLoad"/> can't take.</summary>
    public static IEnumerable<string> Unsound(IDisk disk, string path, long segmentSize)
    {
        if (!disk.Exists(path + ".index")
            || !OffsetIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".index"), segmentSize, out _))
            yield return ".index";
        if (!disk.Exists(path + ".timeindex")
            || !TimeIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".timeindex"), out _))
            yield return ".timeindex";
    }

    /// <summary>
    /// Brings the files up to the indexes. What is written is durable after a flush of the files, which the caller
    /// gets and disposes.
    /// </summary>
    /// <exception cref="IOException">The files hold at least what they held.</exception>
    public IDiskFile[] Save(IDisk disk, string path)
    {
        lock (_saving)
        {
            int offsetCount = Offsets.Count;
            int timeCount = Times.Count;
            byte[] newOffsets = Offsets.Encode(_savedOffsets, offsetCount);
            byte[] newTimes = Times.Encode(_savedTimes, timeCount);
            IDiskFile index = Put(disk, path + ".index", _savedOffsets * OffsetIndex.EntrySize, newOffsets);
            try
            {
                IDiskFile timeIndex = Put(disk, path + ".timeindex", _savedTimes * TimeIndex.EntrySize, newTimes);
                _savedOffsets = offsetCount;
                _savedTimes = timeCount;
                return [index, timeIndex];
            }
            catch
            {
                index.Dispose();
                throw;
            }
        }
    }

    private static IDiskFile Put(IDisk disk, string path, long position, byte[] entries)
    {
        IDiskFile file = disk.Open(path);
        try
        {
            if (entries.Length > 0)
                file.Write(position, entries);
            if (file.Length != position + entries.Length)
                file.Truncate(position + entries.Length);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
