using Millrace.Core.Log.Cleaner;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>What the cleaner needs: a look at what may not go, and its segment in the place of others.</summary>
internal sealed partial class PartitionLog
{
    internal IDisk Disk => _disk;

    internal string Directory => _directory;

    /// <summary>Below it offsets may be missing, because the cleaner was at work there.</summary>
    internal Offset GapsBelow => new(Volatile.Read(ref _gapsBelow));

    /// <summary>The cleaner is about to take records away up to there.</summary>
    internal void AllowGaps(Offset below)
    {
        if (below > GapsBelow)
            LimitGaps(below);
    }

    private void LimitGaps(Offset below)
    {
        Volatile.Write(ref _gapsBelow, below.Value);
        foreach (Segment segment in _segments)
            segment.GapsBelow = below;
    }

    /// <summary>
    /// Of each producer what must stay in the log, so that it can go on and stays fenced. Under the partition's lock.
    /// </summary>
    internal Dictionary<long, LastRecord> LastRecords() => _producers.ById.ToDictionary(
        producer => producer.Key,
        producer => new LastRecord(
            producer.Value.BatchCount > 0 ? producer.Value.LastBatch.LastOffset : -1, producer.Value.Epoch));

    /// <summary>The aborted transactions of which anything may stand below an offset.</summary>
    /// <exception cref="DamagedLogException">An index can't be read.</exception>
    internal List<AbortedTransaction> AbortedTransactionsBelow(Offset end)
    {
        var all = new List<AbortedTransaction>();
        foreach (Segment segment in _segments)
        {
            string path = segment.Path + ".txnindex";
            if (!_disk.Exists(path))
                continue;
            if (!TransactionIndex.TryDecode(
                DiskFiles.ReadAll(_disk, path), segment.BaseOffset.Value, segment.NextOffset.Value,
                out List<AbortedTransaction> aborted))
                throw new DamagedLogException($"{path} is damaged");
            all.AddRange(aborted.Where(transaction => transaction.FirstOffset < end.Value));
        }

        return all;
    }

    /// <summary>
    /// Puts a cleaned segment, which is on stable storage, in the place of those it was made from. False if the log has
    /// changed meanwhile, or is offline. Whatever moment the power fails at, an opening finds the old or the new.
    /// Without the partition's lock, <paramref name="gate"/>: it is taken for the renaming, not while it waits for
    /// the disk.
    /// </summary>
    internal bool Replace(Segment[] old, CleanedSegment cleaned, Lock gate)
    {
        foreach (Segment segment in old)
            _ = segment.Indexes; // readers that still hold it must not look under a name that is another's
        if (!Guarded(() =>
        {
            SwapFiles.Rename(_disk, cleaned.Path, SwapFiles.Cleaned, SwapFiles.Swap);
            _disk.FlushDirectory(_directory);
        }))
            return false;
        lock (gate)
        {
            if (_offline)
                return false;
            int at = PlaceOf(old);
            if (at >= 0)
            {
                if (!Guarded(() => SwapIn(at, old, cleaned.Path)))
                    return false;
            }
            else
            {
                SwapFiles.Rename(_disk, cleaned.Path, SwapFiles.Swap, SwapFiles.Cleaned);
                return false;
            }
        }

        Retire(old);
        return Guarded(() => _disk.FlushDirectory(_directory));
    }

    /// <summary>Where the segments stand in the log one behind the other, none of them the last; else -1.</summary>
    private int PlaceOf(Segment[] old)
    {
        Segment[] segments = _segments;
        int at = Array.IndexOf(segments, old[0]);
        return at >= 0 && at + old.Length < segments.Length
            && segments.AsSpan(at, old.Length).SequenceEqual(old)
            ? at
            : -1;
    }

    private void SwapIn(int at, Segment[] old, string path)
    {
        foreach (Segment segment in old)
            segment.MarkDeleted(keepsSnapshot: segment == old[0]);
        SwapFiles.Rename(_disk, path, SwapFiles.Swap, "");
        var segmentOfAll = new Segment(_disk, _directory, old[0].BaseOffset, old[^1].Created)
        {
            GapsBelow = GapsBelow,
            OnRepair = OnRepair,
        };
        segmentOfAll.Trust(_segments[at + old.Length].BaseOffset);
        ChangeSegments(segments => [.. segments[..at], segmentOfAll, .. segments[(at + old.Length)..]]);
    }
}
