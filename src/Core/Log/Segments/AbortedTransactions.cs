using Millrace.Core.Model;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// The aborted transactions of one segment and their file (.txnindex), which is made with the first of them. The log
/// adds under the partition's lock; readers take none.
/// 1. Markers ascend. 2. The array is never changed, only replaced. 3. What the file has on stable storage is never
/// written over: a crash leaves it there, and behind it at most what the log tells again.
/// </summary>
internal sealed class AbortedTransactions(IDisk disk, string path)
{
    private const int Unknown = -1;

    private AbortedTransaction[]? _transactions; // null until they are read
    private int _inFile; // how many of them the file has, from the first on; Unknown where it is to be written anew

    /// <summary>In the order of their markers; null if the file is damaged.</summary>
    /// <param name="baseOffset">The segment's base offset.</param>
    /// <param name="nextOffset">Behind its last offset.</param>
    public AbortedTransaction[]? All(Offset baseOffset, Offset nextOffset)
    {
        if (Volatile.Read(ref _transactions) is { } known)
            return known;
        AbortedTransaction[] read = [];
        if (disk.Exists(path))
        {
            if (!TransactionIndex.TryDecode(
                DiskFiles.ReadAll(disk, path), baseOffset.Value, nextOffset.Value, out var transactions))
                return null;
            read = [.. transactions];
        }

        if (Interlocked.CompareExchange(ref _transactions, read, null) is { } others)
            return others;
        _inFile = read.Length;
        return read;
    }

    /// <summary>For a segment that holds none yet.</summary>
    public void StartEmpty() => Volatile.Write(ref _transactions, []);

    /// <summary>Adds one whose marker is the last so far; one that is known is passed over.</summary>
    public void Add(AbortedTransaction transaction)
    {
        AbortedTransaction[] known = _transactions ?? [];
        if (known is [.., var last] && last.LastOffset >= transaction.LastOffset)
            return;
        Volatile.Write(ref _transactions, [.. known, transaction]);
    }

    /// <summary>Replaces all, after the file was found damaged.</summary>
    public void Replace(IEnumerable<AbortedTransaction> transactions)
    {
        _inFile = Unknown;
        Volatile.Write(ref _transactions, [.. transactions]);
    }

    /// <summary>
    /// Cuts off those with a marker from an offset on, durably: the log may go on with other records at its offset.
    /// </summary>
    public void TruncateTo(Offset offset)
    {
        if (_transactions is not { } known)
            return;
        int kept = known.TakeWhile(transaction => transaction.LastOffset < offset.Value).Count();
        if (kept == known.Length)
            return;
        if (_inFile > kept)
        {
            using IDiskFile file = disk.Open(path);
            file.Truncate(kept * TransactionIndex.EntrySize);
            file.Flush();
            _inFile = kept;
        }

        Volatile.Write(ref _transactions, known[..kept]);
    }

    /// <summary>
    /// Brings the file up to them, durably: a snapshot of the producers that is written next says that nobody need read
    /// again what they were made from.
    /// </summary>
    public void Save()
    {
        if (_transactions is not { } known || _inFile == known.Length)
            return;
        if (_inFile == Unknown)
        {
            DiskFiles.WriteAtomically(disk, path, TransactionIndex.Encode(known));
        }
        else
        {
            bool isNew = !disk.Exists(path);
            using IDiskFile file = disk.Open(path);
            file.Truncate(_inFile * TransactionIndex.EntrySize);
            file.Write(_inFile * TransactionIndex.EntrySize, TransactionIndex.Encode(known[_inFile..]));
            file.Flush();
            if (isNew)
                disk.FlushDirectory(path[..path.LastIndexOf('/')]);
        }

        _inFile = known.Length;
    }

    /// <summary>The file, for a flush; none if there is no file.</summary>
    public IDiskFile[] OpenIfPresent() => disk.Exists(path) ? [disk.Open(path)] : [];

    /// <summary>Forgets what the file has.</summary>
    public void Release()
    {
        if (_transactions is { } known && _inFile == known.Length)
            Volatile.Write(ref _transactions, null);
    }
}
