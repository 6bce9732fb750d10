using System.Globalization;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>
/// Opens what a directory holds. Segments below the recovery point are taken as they are, and after a clean close all
/// but the last. What lies behind is read again: lengths, ascending offsets, and above the recovery point checksums.
/// 1. What cannot be read above the recovery point was never known to be on stable storage: the log is cut there, and
/// no batch behind it survives. 2. What cannot be read below stays where it is and is known as damaged. 3. A log that
/// ends below its recovery point, or is lost as a whole, goes on at the recovery point, so that no offset is given
/// twice. 4. Everything that is cut, damaged or missing is reported, before it is cut. 5. What lies above the recovery
/// point is written once more before it counts as durable: a flush that failed in an earlier life leaves pages that
/// only look as if they were on the disk.
/// </summary>
internal sealed class Recovery(
    IDisk disk, string directory, LogSettings settings, Instant now, LogOpening opening, Action<DamagedRange> report)
{
    private readonly List<Segment> _segments = [];

    /// <summary>Where the log ends that the directory has: what is missing from there to the recovery point is lost.
    /// </summary>
    public Offset FoundEnd { get; private set; }

    /// <summary>Files were made that the directory did not have.</summary>
    public bool HasNewFiles { get; private set; }

    /// <summary>Files that should have been sound, were not, and are made again from the log.</summary>
    public List<string> Repaired { get; } = [];

    /// <summary>The segments in order, at least one; the last is ready for appends.</summary>
    public Segment[] OpenSegments(LeaderEpochs epochs)
    {
        long[] bases = DropBelowStart(FindSegments());
        if (opening.IsStartKnown && bases.Length > 0 && bases[0] > opening.LogStartOffset.Value)
        {
            if (!disk.List(directory).Any(TellsOfStart))
                ReportLostStart(bases[0]);
        }
        else
        {
            foreach (string name in disk.List(directory).Where(TellsOfStart))
                disk.Delete($"{directory}/{name}");
        }

        Offset trusted = TrustedOffset();
        var names = disk.List(directory).ToHashSet();
        for (int i = 0; i < bases.Length; i++)
        {
            Segment segment = NewSegment(bases[i]);
            _segments.Add(segment);
            bool isLast = i == bases.Length - 1;

            // A flush that reached the next segment also reached the indexes of this one.
            if (!isLast && (opening.CleanlyClosed || bases[i + 1] < opening.RecoveryPoint.Value))
            {
                segment.Trust(new Offset(bases[i + 1]));
                RestoreMissing(segment, names);
                continue;
            }

            (int, TimeIndex.Entry)? files = LoadPrefix(segment, trusted);
            bool isWhole = Scan(segment, epochs);
            if (opening.CleanlyClosed && files is { } saved)
                segment.CompareIndexes(saved);
            else if (opening.CleanlyClosed && segment.Size > 0 && isWhole
                && (!isLast || segment.NextOffset >= opening.RecoveryPoint))
                Repaired.AddRange(Unsound(segment));
            if (!opening.CleanlyClosed)
                segment.WriteAgain();
            if (!isLast && !Continues(segment, bases[i + 1], isWhole))
            {
                CutBehind(segment, bases[(i + 1)..]);
                break;
            }

            if (!isLast)
                segment.Seal();
        }

        if (_segments.Count == 0)
            StartSegment(Offset.Max(opening.LogStartOffset, Offset.Zero));
        FoundEnd = _segments[^1].NextOffset;
        if (_segments[^1].NextOffset < opening.RecoveryPoint)
            AddMissing(_segments[^1], opening.RecoveryPoint);
        var goesOnAt = Offset.Max(opening.RecoveryPoint, opening.LogStartOffset);
        if (_segments[^1].NextOffset < goesOnAt)
            GoOnAt(goesOnAt);
        return [.. _segments];
    }

    /// <summary>
    /// The producers as of the end of the log, from the newest good snapshot and the batches behind it; the aborted
    /// transactions among these get to their segments.
    /// </summary>
    /// <returns>The offset of the snapshot; the log's first if there is none.</returns>
    public static Offset LoadProducers(
        IDisk disk, string directory, Segment[] segments, ProducerStates producers,
        Action<Offset, string>? onDamage = null)
    {
        long end = segments[^1].NextOffset.Value;
        long loaded = segments[0].BaseOffset.Value;
        foreach (long offset in NumbersOf(disk, directory, ".snapshot").OrderDescending())
        {
            string path = SnapshotPath(directory, new Offset(offset));
            if (offset <= end && ProducerSnapshot.TryDecode(DiskFiles.ReadAll(disk, path), producers))
            {
                loaded = offset;
                break;
            }

            if (offset <= end)
                onDamage?.Invoke(new Offset(offset), path);
            disk.Delete(path);
        }

        foreach (long stale in NumbersOf(disk, directory, ".snapshot"))
        {
            if (stale != loaded && segments.All(segment => segment.BaseOffset.Value != stale))
                disk.Delete(SnapshotPath(directory, new Offset(stale)));
        }

        foreach (Segment segment in segments.Where(segment => segment.NextOffset.Value > loaded))
        {
            if (segment.Aborted.All(segment.BaseOffset, segment.NextOffset) is null)
                segment.Aborted.Replace(RebuildAborted(disk, directory, segments, segment));
            Replay(segment, producers, new Offset(loaded), segment.Aborted.Add);
        }

        Segment active = segments[^1];
        if (active.Aborted.All(active.BaseOffset, active.NextOffset) is null)
            active.Aborted.Replace(RebuildAborted(disk, directory, segments, active));
        return new Offset(loaded);
    }

    /// <summary>The aborted transactions of a segment whose file is damaged, from the log.</summary>
    public static List<AbortedTransaction> RebuildAborted(
        IDisk disk, string directory, Segment[] segments, Segment damaged)
    {
        var producers = new ProducerStates();
        long loaded = segments[0].BaseOffset.Value;
        foreach (long offset in NumbersOf(disk, directory, ".snapshot").OrderDescending())
        {
            if (offset <= damaged.BaseOffset.Value && ProducerSnapshot.TryDecode(
                DiskFiles.ReadAll(disk, SnapshotPath(directory, new Offset(offset))), producers))
            {
                loaded = offset;
                break;
            }
        }

        List<AbortedTransaction> aborted = [];
        foreach (Segment segment in segments)
        {
            if (segment.NextOffset.Value > loaded && segment.BaseOffset <= damaged.BaseOffset)
                Replay(segment, producers, new Offset(loaded), segment == damaged ? aborted.Add : _ => { });
        }

        return aborted;
    }

    public static string SnapshotPath(string directory, Offset offset) => $"{directory}/{offset.Value:D20}.snapshot";

    private static void Replay(
        Segment segment, ProducerStates producers, Offset from, Action<AbortedTransaction> onAborted)
    {
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        CheckedScanner scanner = segment.ScanTo(from, window);
        while (true)
        {
            while (scanner.MoveNext())
            {
                RecordBatch header = scanner.Header;
                if (header.BaseOffset < from.Value || !header.HasProducerId)
                    continue;
                EndedTransaction? ended = header.IsControl
                    ? ReplayControl(segment, scanner.Position, header.SizeInBytes, producers)
                    : producers.Append(header, new Instant(header.MaxTimestamp));
                if (ended is { IsAborted: true } aborted)
                {
                    onAborted(new AbortedTransaction(
                        aborted.ProducerId, aborted.FirstOffset, aborted.LastOffset,
                        producers.LastStableBehind(aborted)));
                }
            }

            if (!scanner.IsDamaged)
                break;
            DamagedRange damage = Resync.Behind(segment, scanner.Next, scanner.Expected);
            scanner = new CheckedScanner(segment, damage.EndPosition, damage.End.Value, window);
        }
    }

    private static EndedTransaction? ReplayControl(
        Segment segment, long position, int size, ProducerStates producers)
    {
        using var buffer = new PooledBuffer(size);
        Span<byte> bytes = buffer.GetSpan(size)[..size];
        segment.Read(position, bytes);
        return RecordBatch.TryRead(bytes, out RecordBatch batch) == RecordBatchError.None
            ? producers.Append(batch, new Instant(batch.MaxTimestamp))
            : null;
    }

    /// <summary>The epochs of all batches, where their file is lost.</summary>
    public static void RebuildEpochs(Segment[] segments, LeaderEpochs epochs)
    {
        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        foreach (Segment segment in segments)
        {
            var scanner = new BatchScanner(segment.File, 0, segment.Size, window);
            while (scanner.MoveNext())
            {
                RecordBatch batch = scanner.Header;
                epochs.Assign(new LeaderEpoch(batch.PartitionLeaderEpoch), new Offset(batch.BaseOffset));
            }
        }
    }

    /// <summary>
    /// Up to where index files are known to be on stable storage: a checkpoint writes its snapshot after them.
    /// </summary>
    private Offset TrustedOffset()
    {
        if (opening.CleanlyClosed)
            return new Offset(long.MaxValue);
        long newest = NumbersOf(disk, directory, ".snapshot")
            .Where(offset => offset < opening.RecoveryPoint.Value)
            .DefaultIfEmpty(0)
            .Max();
        return new Offset(newest);
    }

    /// <summary>An index that is missing of a segment whose batches are not read is made here; one that is damaged is
    /// met when it is used.</summary>
    private void RestoreMissing(Segment segment, HashSet<string> names)
    {
        string[] missing = [.. new[] { ".index", ".timeindex" }
            .Where(suffix => !names.Contains($"{segment.BaseOffset.Value:D20}{suffix}"))];
        if (missing.Length == 0 || segment.File.Length == 0)
            return;
        Repaired.AddRange(missing.Select(suffix => segment.Path + suffix));
        try
        {
            segment.RestoreIndexes();
            HasNewFiles = true;
        }
        catch (DiskFullException)
        {
            // They are made in memory when they are used.
        }
    }

    /// <summary>Where both can be decoded, the offset index has pointed where no batch begins.</summary>
    private string[] Unsound(Segment segment)
    {
        string[] unsound = [.. SegmentIndexes.Unsound(disk, segment.Path, segment.Size)];
        return [.. (unsound.Length > 0 ? unsound : [".index"]).Select(suffix => segment.Path + suffix)];
    }

    /// <summary>Takes as much of a segment as its index files vouch for.</summary>
    /// <returns>How many offsets the files hold, and their latest time; null if they are not to be trusted.</returns>
    private (int Offsets, TimeIndex.Entry Latest)? LoadPrefix(Segment segment, Offset trusted)
    {
        segment.StartEmpty();
        if (trusted <= segment.BaseOffset
            || !SegmentIndexes.TryLoad(disk, segment.Path, segment.File.Length, out SegmentIndexes indexes))
            return null;
        (int, TimeIndex.Entry) files = (indexes.Offsets.Count, indexes.Times.Last);
        if (trusted - segment.BaseOffset <= int.MaxValue)
        {
            indexes.Offsets.TruncateTo(trusted - segment.BaseOffset);
            indexes.Times.TruncateTo(trusted - segment.BaseOffset);
        }

        if (!indexes.Offsets.TryFind(int.MaxValue, out OffsetIndex.Entry last))
            return files;
        if (!segment.IsTrue(last, out Offset baseOffset))
            return null;
        indexes.Times.TruncateTo(last.RelativeOffset + 1L);
        indexes = new SegmentIndexes(indexes.Offsets, indexes.Times);
        segment.StartAt(last.Position, baseOffset, indexes);
        return files;
    }

    /// <summary>
    /// Counts the sound batches from where the segment stands on, and says whether nothing was in their way.
    /// </summary>
    private bool Scan(Segment segment, LeaderEpochs epochs)
    {
        long length = segment.File.Length;
        Offset expected = segment.Size == 0 ? segment.BaseOffset : Offset.None;
        bool isWhole = true;
        while (true)
        {
            Walk(segment, length, expected, epochs);
            if (segment.Size == length)
                return isWhole;
            isWhole = false;
            Offset end = segment.NextOffset;
            if (end >= opening.RecoveryPoint)
            {
                Cut(segment, length);
                return false;
            }

            DamagedRange damage = Resync.Behind(
                segment, segment.Size, length, end, segment.BaseOffset + int.MaxValue, opening.RecoveryPoint);
            segment.Skip(damage);
            report(damage);
            expected = damage.End;
        }
    }

    private void Walk(Segment segment, long length, Offset expected, LeaderEpochs epochs)
    {
        var scanner = new BatchScanner(
            segment.File, segment.Size, length, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            RecordBatch batch = scanner.Header;
            long next = Math.Max(expected.Value, segment.NextOffset.Value);
            if (batch.LastOffsetDelta < 0 || batch.LastOffset - segment.BaseOffset.Value > int.MaxValue
                || batch.BaseOffset < next
                || (expected != Offset.None && batch.BaseOffset > Math.Max(next, segment.GapsBelow.Value))
                || (batch.LastOffset >= opening.RecoveryPoint.Value
                    && !BatchChecksum.IsValid(segment.File, scanner.Position, batch)))
                return;
            epochs.Assign(new LeaderEpoch(batch.PartitionLeaderEpoch), new Offset(batch.BaseOffset));
            segment.Note(batch, settings.IndexIntervalBytes);
            if (batch.LastOffset < opening.RecoveryPoint.Value)
                segment.LeaveUnverified();
            expected = segment.NextOffset;
        }
    }

    /// <summary>The end of a log that is torn, as it is after a crash in the middle of a write.</summary>
    private void Cut(Segment segment, long length)
    {
        Offset end = Offset.Max(
            Resync.LastOffset(segment.File, segment.Size, length, segment.NextOffset), EndByHeader(segment, length));
        report(new DamagedRange(
            DamageKind.Cut, segment.NextOffset, end, segment.Path + ".log", segment.Size, length));
        segment.File.Truncate(segment.Size);
        segment.File.Flush();
    }

    /// <summary>How far the batch that is cut says it goes, if its header is of the batch that was to come.</summary>
    private static Offset EndByHeader(Segment segment, long length)
    {
        const int mostRecords = 1 << 20;
        Span<byte> bytes = stackalloc byte[RecordBatch.HeaderSize];
        if (length - segment.Size < bytes.Length || segment.File.Read(segment.Size, bytes) < bytes.Length)
            return segment.NextOffset;
        RecordBatch header = RecordBatch.FromHeader(bytes);
        return header.Magic == 2 && header.BaseOffset == segment.NextOffset.Value
            && header.LastOffsetDelta is >= 0 and < mostRecords
            ? new Offset(header.LastOffset + 1)
            : segment.NextOffset;
    }

    /// <summary>Whether the next segment begins where this one ends, or the gap between them is known damage.</summary>
    private bool Continues(Segment segment, long nextBase, bool isWhole)
    {
        Offset end = segment.NextOffset;
        if (isWhole && end.Value <= nextBase && nextBase <= Math.Max(end.Value, segment.GapsBelow.Value))
            return true;
        if (end >= opening.RecoveryPoint || end.Value > nextBase)
            return false;
        if (end.Value < nextBase)
            AddMissing(segment, new Offset(nextBase));
        return true;
    }

    private void CutBehind(Segment segment, long[] lost)
    {
        foreach (long baseOffset in lost)
        {
            Segment behind = NewSegment(baseOffset);
            long length = behind.File.Length;
            Offset end = Resync.LastOffset(behind.File, 0, length, behind.BaseOffset);
            Offset from = Offset.Max(segment.NextOffset, behind.BaseOffset);
            report(new DamagedRange(DamageKind.Cut, from, end, behind.Path + ".log", 0, length));
            behind.DeleteFiles();
        }
    }

    private void GoOnAt(Offset offset)
    {
        if (_segments[^1].Size > 0)
            _segments[^1].Seal();
        StartSegment(offset);
    }

    private void AddMissing(Segment segment, Offset end)
    {
        report(new DamagedRange(
            DamageKind.Missing, segment.NextOffset, end, segment.Path + ".log", segment.Size, segment.Size));
    }

    private void StartSegment(Offset baseOffset)
    {
        Segment segment = NewSegment(baseOffset.Value);
        segment.StartEmpty();
        _segments.Add(segment);
        HasNewFiles = true;
    }

    private Segment NewSegment(long baseOffset) => new(disk, directory, new Offset(baseOffset), now)
    {
        GapsBelow = opening.GapsBelow ?? Offset.Zero,
    };

    /// <summary>
    /// A segment was dropped, and the checkpoint of the log's start could not be written: what is dropped on a full
    /// disk is emptied under its name as deleted, and may have been about to be.
    /// </summary>
    private bool TellsOfStart(string name)
    {
        if (!name.EndsWith(".log.deleted", StringComparison.Ordinal))
            return false;
        using IDiskFile file = disk.Open($"{directory}/{name}");
        return file.Length == 0
            || (long.TryParse(name.AsSpan(0, name.IndexOf('.')), out long baseOffset)
                && Resync.LastOffset(file, 0, file.Length, new Offset(baseOffset)) > opening.LogStartOffset);
    }

    private void ReportLostStart(long firstBase)
    {
        string file = $"{directory}/{opening.LogStartOffset.Value:D20}.log";
        report(new DamagedRange(
            DamageKind.Missing, opening.LogStartOffset, new Offset(firstBase), file, Position: 0, EndPosition: 0));
    }

    /// <summary>
    /// A crash can undo a deletion, of any of several segments: what is wholly below the log's start is not the log's.
    /// </summary>
    private long[] DropBelowStart(long[] bases)
    {
        int first = Math.Max(Array.FindLastIndex(bases, at => at <= opening.LogStartOffset.Value), 0);
        foreach (long below in bases[..first])
            NewSegment(below).DeleteFiles(keepsSnapshot: true); // it may be the newest that survives
        return bases[first..];
    }

    private long[] FindSegments()
    {
        SwapFiles.Finish(disk, directory);
        foreach (string name in disk.List(directory))
        {
            if (name.EndsWith(".tmp", StringComparison.Ordinal)
                || (name.EndsWith(".deleted", StringComparison.Ordinal) && !TellsOfStart(name)))
                disk.Delete($"{directory}/{name}");
        }

        long[] bases = [.. NumbersOf(disk, directory, ".log").Order()];
        foreach (string suffix in (string[])[".index", ".timeindex", ".txnindex"])
        {
            foreach (long orphan in NumbersOf(disk, directory, suffix).Except(bases))
                disk.Delete($"{directory}/{orphan:D20}{suffix}");
        }

        return bases;
    }

    private static IEnumerable<long> NumbersOf(IDisk disk, string directory, string suffix) =>
        disk.List(directory)
            .Where(name => name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(name => long.TryParse(
                name.AsSpan(0, name.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
                out long number) ? number : -1)
            .Where(number => number >= 0);
}
