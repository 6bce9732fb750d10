namespace Millrace.Broker.Io;

/// <summary>
/// Bounds what the files of a <see cref="FileDisk"/> take of the page cache by being written: what was written the
/// longest time ago, over all files, is let go when it is more than the budget. Who reads behind the writers by less
/// than the budget finds all in memory.
/// </summary>
/// <remarks>
/// <para>Owned by the disk; any thread may use it; the lock is never held during I/O.
/// 1. Only what a flush that succeeded has covered stands here: its pages are as the disk has them, and no error of
/// writing them back is still to be told. 2. Nothing here waits for the disk or asks it for errors: those are told
/// once, and to fdatasync. 3. Counted in whole blocks: what is behind a file's last is left to the system.
/// </para>
/// </remarks>
/// <param name="budget">Bytes that stay; negative for all.</param>
internal sealed class WrittenPages(long budget)
{
    /// <summary>As large as a huge page: the system lets no part of a page go.</summary>
    public const long Block = 2 << 20;

    private const long LeastBudget = 64 << 20;
    private const int DefaultShare = 16;

    private readonly Lock _lock = new();
    private readonly Queue<(FileDiskFile File, long From, long To)> _ranges = new();
    private long _bytes;

    /// <summary>What log.page.cache.bytes = 0 means: a share of the memory.</summary>
    public static long DefaultBudget =>
        Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / DefaultShare, LeastBudget);

    /// <summary>So many bytes stand here.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The range of the file was flushed.</summary>
    public void Add(FileDiskFile file, long from, long to)
    {
        if (budget < 0)
            return;
        lock (_lock)
        {
            _ranges.Enqueue((file, from, to));
            _bytes += to - from;
        }
    }

    /// <summary>Lets go what is beyond the budget. It takes some microseconds for each block.</summary>
    public void Trim()
    {
        while (TryTake(out var file, out var from, out var to))
            file.LetGo(from, to);
    }

    private bool TryTake(out FileDiskFile file, out long from, out long to)
    {
        (file, from, to) = (null!, 0, 0);
        if (budget < 0 || Bytes <= budget)
            return false;
        lock (_lock)
        {
            if (_bytes <= budget)
                return false;
            (file, from, to) = _ranges.Dequeue();
            _bytes -= to - from;
            return true;
        }
    }
}
