namespace Millrace.Broker.Io;

/// <summary>
/// The files of a <see cref="FileDisk"/> that hold a descriptor. When there are too many, those that were not used for
/// the longest time give theirs up.
/// </summary>
/// <remarks>
/// <para>Owned by the disk; any thread may use it; the lock is never held during I/O, and no read takes it.
/// 1. A file with a descriptor stands here, from the end of its opening to its closing.
/// 2. Files with unflushed writes keep their descriptors beyond the limit, up to twice the limit or until the process
/// has no more: then who opens a file first flushes the oldest of those. That wait is the brake on a producer that
/// writes to more files than may be open.</para>
/// </remarks>
internal sealed class FileHandles
{
    private readonly int _most;
    private readonly int _share; // closed at a time, for to find the oldest is to look at all
    private readonly Lock _lock = new();
    private readonly List<FileDiskFile> _open = [];
    private long _now;
    private long _lastSweep;
    private int _enough;

    public FileHandles(int most)
    {
        _most = most;
        _share = Math.Max(most / 8, 1);
        _enough = most;
    }

    /// <summary>Grows by one with each opening: what orders uses.</summary>
    public long Now => Volatile.Read(ref _now);

    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Opens a file, after others were closed where that is needed.</summary>
    public int Open(string path, bool create)
    {
        if (Count >= Volatile.Read(ref _enough))
            MakeRoom();
        try
        {
            return Native.Open(path, create);
        }
        catch (TooManyOpenFilesException)
        {
            FlushAndClose(_share);
            return Native.Open(path, create);
        }
    }

    public void Add(FileDiskFile file)
    {
        lock (_lock)
        {
            file.Slot = _open.Count;
            _open.Add(file);
            Volatile.Write(ref _now, _now + 1);
        }
    }

    public void Remove(FileDiskFile file)
    {
        lock (_lock)
            RemoveLocked(file);
    }

    /// <summary>Closes what was not used since the last call.</summary>
    public void CloseIdle()
    {
        List<FileDiskFile> idle;
        lock (_lock)
        {
            idle = [.. _open.Where(file => file.LastUse < _lastSweep)];
            Volatile.Write(ref _now, _now + 1);
            _lastSweep = _now;
            Volatile.Write(ref _enough, _most);
        }

        Close(idle);
    }

    private void MakeRoom()
    {
        Close(Oldest(unflushed: false, Count - _most + _share));
        if (Count is var count && count >= 2 * _most)
            FlushAndClose(count - (2 * _most) + _share);

        // If all are needed, the next look comes when there are some more, not with every opening.
        Volatile.Write(ref _enough, Math.Clamp(Count + _share, _most, 2 * _most));
    }

    private void FlushAndClose(int wanted)
    {
        foreach (var file in Oldest(unflushed: true, wanted))
            file.FlushForOthers();
        Close(Oldest(unflushed: false, wanted));
    }

    private FileDiskFile[] Oldest(bool unflushed, int count)
    {
        FileDiskFile[] candidates;
        lock (_lock)
            candidates = [.. _open.Where(file => file.HasUnflushed == unflushed && !file.HasFailed)];
        var times = Array.ConvertAll(candidates, file => file.LastUse);
        Array.Sort(times, candidates);
        return candidates[..Math.Clamp(count, 0, candidates.Length)];
    }

    private void Close(IReadOnlyCollection<FileDiskFile> files)
    {
        var descriptors = new List<int>(files.Count);
        lock (_lock)
        {
            foreach (var file in files)
            {
                if (!file.TryGiveUp(out var descriptor))
                    continue;
                RemoveLocked(file);
                descriptors.Add(descriptor);
            }
        }

        foreach (var descriptor in descriptors)
            Native.Close(descriptor);
    }

    private void RemoveLocked(FileDiskFile file)
    {
        var last = _open[^1];
        _open[file.Slot] = last;
        last.Slot = file.Slot;
        _open.RemoveAt(_open.Count - 1);
    }
}
