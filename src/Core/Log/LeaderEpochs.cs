using System.Globalization;
using System.Text;
using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>
/// Where each leader epoch of a partition begins (leader-epoch-checkpoint, KIP-101). Changed under the partition's
/// lock; readers take the immutable list. Epochs and start offsets grow strictly. The file is written at a checkpoint
/// of the log; what it lacks, recovery reads from the batches, for which the recovery point stays below
/// <see cref="FirstUnflushed"/>.
/// </summary>
internal sealed class LeaderEpochs
{
    private readonly IDisk _disk;
    private readonly string _path;
    private volatile Entry[] _entries = [];
    private readonly Lock _flushState = new();
    private int _unflushed;
    private long _firstUnflushed = long.MaxValue;

    public LeaderEpochs(IDisk disk, string directory)
    {
        _disk = disk;
        _path = directory + "/leader-epoch-checkpoint";
        Entry[]? read = disk.Exists(_path) ? Parse(DiskFiles.ReadLines(disk, _path)) : null;
        WasLost = read is null;
        _entries = read ?? [];
    }

    /// <summary>There was no file, or a damaged one: recovery assigns the epochs again from the batches.</summary>
    public bool WasLost { get; }

    public string Path => _path;

    public bool IsEmpty => _entries.Length == 0;

    public LeaderEpoch Latest => _entries is [.., var last] ? last.Epoch : LeaderEpoch.None;

    /// <summary>
    /// Where the first epoch begins that the file does not know; the greatest number if it knows all.
    /// </summary>
    public long FirstUnflushed => Volatile.Read(ref _firstUnflushed);

    /// <summary>A batch of this epoch begins here.</summary>
    public void Assign(LeaderEpoch epoch, Offset startOffset)
    {
        if (epoch <= Latest || epoch.Value < 0)
            return;
        lock (_flushState)
        {
            Volatile.Write(ref _firstUnflushed, Math.Min(_firstUnflushed, startOffset.Value));
            Store([.. _entries.Where(e => e.StartOffset < startOffset), new Entry(epoch, startOffset)]);
        }
    }

    public EpochEndOffset EndOffsetFor(LeaderEpoch epoch, Offset logEndOffset)
    {
        Entry[] entries = _entries;
        if (entries.Length == 0 || epoch == LeaderEpoch.None || epoch > entries[^1].Epoch)
            return EpochEndOffset.None;
        if (epoch == entries[^1].Epoch)
            return new EpochEndOffset(epoch, logEndOffset);
        int above = Array.FindIndex(entries, e => e.Epoch > epoch);
        return new EpochEndOffset(above == 0 ? epoch : entries[above - 1].Epoch, entries[above].StartOffset);
    }

    /// <summary>Forgets the epochs that begin at or above an offset.</summary>
    public void TruncateTo(Offset offset)
    {
        Entry[] kept = [.. _entries.Where(e => e.StartOffset < offset)];
        if (kept.Length < _entries.Length)
            Store(kept);
    }

    /// <summary>
    /// Forgets the epochs that end at or below the log's start, which the oldest left then begins at.
    /// </summary>
    public void StartAt(Offset logStartOffset)
    {
        Entry[] entries = _entries;
        int oldest = Array.FindLastIndex(entries, e => e.StartOffset <= logStartOffset);
        if (oldest < 0 || (oldest == 0 && entries[0].StartOffset == logStartOffset))
            return;
        Store([new Entry(entries[oldest].Epoch, logStartOffset), .. entries[(oldest + 1)..]]);
    }

    /// <summary>Makes the list durable if it changed.</summary>
    public void Flush()
    {
        if (Interlocked.Exchange(ref _unflushed, 0) == 0)
            return;
        Entry[] entries = _entries;
        try
        {
            Write(entries);
        }
        catch
        {
            Volatile.Write(ref _unflushed, 1);
            throw;
        }

        lock (_flushState)
        {
            if (_entries == entries)
                Volatile.Write(ref _firstUnflushed, long.MaxValue);
        }
    }

    private void Write(Entry[] entries)
    {
        var text = new StringBuilder("0\n").Append(entries.Length).Append('\n');
        foreach (Entry entry in entries)
            text.Append(entry.Epoch).Append(' ').Append(entry.StartOffset).Append('\n');
        DiskFiles.WriteAtomically(_disk, _path, text.ToString());
    }

    private void Store(Entry[] entries)
    {
        _entries = entries;
        Volatile.Write(ref _unflushed, 1);
    }

    /// <summary>Null where the file is damaged.</summary>
    private static Entry[]? Parse(string[] lines)
    {
        var entries = new List<Entry>();
        if (lines.Length < 2 || lines[1] != (lines.Length - 2).ToString(CultureInfo.InvariantCulture))
            return null;
        foreach (string line in lines.Skip(2))
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int epoch)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
                return null;
            if (entries is [.., var last] && (last.Epoch.Value >= epoch || last.StartOffset.Value >= offset))
                return null;
            entries.Add(new Entry(new LeaderEpoch(epoch), new Offset(offset)));
        }

        return [.. entries];
    }

    private readonly record struct Entry(LeaderEpoch Epoch, Offset StartOffset);
}
