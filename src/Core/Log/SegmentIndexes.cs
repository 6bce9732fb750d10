namespace Millrace.Core.Log;

/// <summary>The two indexes of a segment and their files. They can always be made again from the log file.</summary>
internal sealed class SegmentIndexes(OffsetIndex offsets, TimeIndex times)
{
    private int _bytesSinceEntry;

    public SegmentIndexes()
        : this(new OffsetIndex(), new TimeIndex())
    {
    }

    public OffsetIndex Offsets { get; } = offsets;

    public TimeIndex Times { get; } = times;

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

    /// <summary>Reads the files; false if one is missing or damaged. A sealed segment has a last time entry.</summary>
    public static bool TryLoad(IDisk disk, string path, long segmentSize, out SegmentIndexes indexes)
    {
        indexes = new SegmentIndexes();
        if (!disk.Exists(path + ".index") || !disk.Exists(path + ".timeindex")
            || !OffsetIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".index"), segmentSize, out OffsetIndex offsets)
            || !TimeIndex.TryDecode(DiskFiles.ReadAll(disk, path + ".timeindex"), out TimeIndex times)
            || times.Count == 0)
            return false;
        indexes = new SegmentIndexes(offsets, times);
        return true;
    }

    /// <summary>Writes the files and gives them back for a flush.</summary>
    public IDiskFile[] Save(IDisk disk, string path) =>
    [
        DiskFiles.Replace(disk, path + ".index", Offsets.Encode()),
        DiskFiles.Replace(disk, path + ".timeindex", Times.Encode()),
    ];
}
