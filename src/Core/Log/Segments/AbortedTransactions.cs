using Millrace.Core.Model;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// The aborted transactions of one segment and their file (.txnindex), which is made with the first of them. The log
/// adds under the partition's lock; readers take none.
/// 1. Markers ascend. 2. The array is never changed, only replaced.
/// </summary>
internal sealed class AbortedTransactions(IDisk disk, string path)
{
    private AbortedTransaction[]? _transactions; // null until they are read
    private bool _isUnsaved;

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

        return Interlocked.CompareExchange(ref _transactions, read, null) ?? read;
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
        _isUnsaved = true;
    }

    /// <summary>Replaces all, after the file was found damaged.</summary>
    public void Replace(IEnumerable<AbortedTransaction> transactions)
    {
        Volatile.Write(ref _transactions, [.. transactions]);
        _isUnsaved = true;
    }

    public void TruncateTo(Offset offset)
    {
        if (_transactions is null && !disk.Exists(path))
            return;
        AbortedTransaction[] known = _transactions ?? [];
        Replace(known.Where(transaction => transaction.LastOffset < offset.Value));
    }

    /// <summary>Writes the file if there is something new, and gives it back for a flush.</summary>
    public IDiskFile[] Save()
    {
        if (!_isUnsaved)
            return [];
        IDiskFile file = DiskFiles.Replace(disk, path, TransactionIndex.Encode(_transactions ?? []));
        _isUnsaved = false;
        return [file];
    }

    /// <summary>Forgets what the file has.</summary>
    public void Release()
    {
        if (!_isUnsaved)
            Volatile.Write(ref _transactions, null);
    }
}
