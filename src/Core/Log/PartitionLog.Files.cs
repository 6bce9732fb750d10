using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Log;

/// <summary>What a checkpoint writes: the producers as of an offset. Taken under the partition's lock.</summary>
internal sealed record LogCheckpoint(Offset Offset, byte[] Producers, Segment Active);

/// <content>Files: rolled, cut, checkpointed, taken out of the way.</content>
internal sealed partial class PartitionLog
{
    private readonly List<(Segment Segment, Instant Deadline)> _retired = [];
    private readonly List<Segment> _emptied = []; // dropped on a full disk, before the log's start was noted
    private Segment[] _obsolete = [];
    private long _snapshotOffset;

    /// <summary>
    /// Moves the start of the log forward and drops the segments that are wholly below it; their files go with
    /// <see cref="DeleteObsolete"/>.
    /// </summary>
    public bool AdvanceLogStartOffset(Offset offset)
    {
        if (_offline || offset <= LogStartOffset || offset > LogEndOffset)
            return false;
        Volatile.Write(ref _logStartOffset, offset.Value);
        Segment[] segments = _segments;
        int kept = Math.Min(IndexOf(segments, offset), segments.Length - 1);
        ChangeSegments(now => now[kept..]);
        _epochs.StartAt(offset);
        Retire(segments[..kept]);
        return true;
    }

    /// <summary>
    /// Deletes the files of segments that the log has dropped, file.delete.delay.ms after it first takes them out of
    /// the way. Without the partition's lock: it waits for the disk, and for a flush that is at work on the files.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="isDiskFull">Room is needed, perhaps even to note the log's start: all goes at once, in the order of
    /// the offsets and durably one by one, so that no crash leaves a gap.</param>
    /// <returns>True when none is left.</returns>
    public bool DeleteObsolete(Instant now, bool isDiskFull = false)
    {
        lock (_flushing)
        {
            Guarded(DeleteEmptied);
            if (isDiskFull)
                Guarded(EmptyInOrder);
            Segment[] obsolete;
            lock (_segmentsLock)
            {
                obsolete = [.. _obsolete.Where(MayGo)];
                _obsolete = [.. _obsolete.Except(obsolete)];
            }

            if (obsolete.Length > 0)
            {
                // A power failure must leave the old segments or what has taken their place.
                Guarded(() =>
                {
                    if (Interlocked.Exchange(ref _newNames, 0) != 0)
                        FlushNames();
                    foreach (Segment segment in obsolete)
                        segment.MarkDeleted();
                });
                _retired.AddRange(obsolete.Select(segment => (segment, now + Settings.FileDeleteDelayMs)));
            }

            foreach ((Segment segment, Instant deadline) in _retired.ToArray())
            {
                if ((deadline > now && !isDiskFull) || !Guarded(() => segment.DeleteFiles()))
                    continue;
                _retired.Remove((segment, deadline));
                Interlocked.Exchange(ref _newNames, 1);
            }

            return _retired.Count + _emptied.Count + _obsolete.Length == 0;
        }
    }

    /// <summary>Starts a new segment, so that the one before can be deleted; nothing if the last is empty.</summary>
    public void Roll(Instant now)
    {
        if (!_offline && _segments[^1].Size > 0)
            Guarded(() => StartSegment(now));
    }

    /// <summary>Cuts off all from an offset on; a batch that crosses it goes wholly.</summary>
    public ErrorCode TruncateTo(Offset offset, Instant now)
    {
        lock (_flushing)
        {
            if (_offline)
                return ErrorCode.KafkaStorageError;
            if (offset >= LogEndOffset)
                return ErrorCode.None;
            return Guarded(() => Cut(offset, now)) ? ErrorCode.None : ErrorCode.KafkaStorageError;
        }
    }

    /// <summary>
    /// Begins a checkpoint, after which recovery need not read what is below; null if there is nothing new. Under the
    /// partition's lock.
    /// </summary>
    public LogCheckpoint? BeginCheckpoint() =>
        _offline || LogEndOffset.Value == _snapshotOffset && _epochs.FirstUnflushed == long.MaxValue
            ? null
            : new LogCheckpoint(LogEndOffset, ProducerSnapshot.Encode(_producers), _segments[^1]);

    /// <summary>
    /// Makes the log, its epochs, its indexes and the producers of a checkpoint durable, in this order. On one thread
    /// at a time, without the partition's lock.
    /// </summary>
    /// <exception cref="IOException">Recovery reads more than it had to; the log itself is as it was.</exception>
    public void WriteCheckpoint(LogCheckpoint checkpoint)
    {
        if (Flush() != ErrorCode.None)
            return;
        lock (_flushing)
        {
            if (_offline || LogEndOffset < checkpoint.Offset)
                return;
            _epochs.Flush();
            if (checkpoint.Offset.Value <= Volatile.Read(ref _snapshotOffset))
                return;
            if (_segments[^1] == checkpoint.Active)
                checkpoint.Active.SaveIndexes();
            checkpoint.Active.Flush();
            long before = _snapshotOffset;
            DiskFiles.WriteAtomically(
                _disk, Recovery.SnapshotPath(_directory, checkpoint.Offset), checkpoint.Producers);
            Volatile.Write(ref _snapshotOffset, Math.Max(checkpoint.Offset.Value, _snapshotOffset));
            string stale = Recovery.SnapshotPath(_directory, new Offset(before));
            if (_segments.All(segment => segment.BaseOffset.Value != before) && _disk.Exists(stale))
                _disk.Delete(stale);
        }
    }

    /// <summary>
    /// A dropped file keeps its name as deleted, without content, until the log's start is noted: by it an opening
    /// knows that the segment was dropped and is not lost.
    /// </summary>
    private void EmptyInOrder()
    {
        Segment[] obsolete;
        lock (_segmentsLock)
            (obsolete, _obsolete) = (_obsolete, []);
        foreach (Segment segment in obsolete.OrderBy(segment => segment.BaseOffset))
        {
            bool isReplaced = segment.IsMarkedDeleted;
            segment.MarkDeleted();
            _disk.FlushDirectory(_directory);
            if (isReplaced)
            {
                segment.DeleteFiles();
                continue;
            }

            segment.File.Truncate(0);
            segment.File.Flush();
            _emptied.Add(segment);
        }
    }

    private void DeleteEmptied()
    {
        foreach (Segment segment in _emptied.Where(segment => segment.NextOffset <= DurableStartOffset).ToArray())
        {
            segment.DeleteFiles();
            _emptied.Remove(segment);
        }
    }

    /// <summary>What the cleaner has replaced is out of the way already.</summary>
    private bool MayGo(Segment segment) => segment.IsMarkedDeleted || segment.NextOffset <= DurableStartOffset;

    /// <summary>The files of these segments are to be deleted.</summary>
    private void Retire(Segment[] segments)
    {
        lock (_segmentsLock)
            _obsolete = [.. _obsolete, .. segments];
    }

    /// <summary>
    /// With those that the log has dropped and a crash would bring back: the log would be cut at a hole in them.
    /// </summary>
    private Segment[] SegmentsOnDisk()
    {
        lock (_segmentsLock)
        {
            return _obsolete.Length == 0
                ? _segments
                : [.. _obsolete.Where(segment => !segment.IsMarkedDeleted).OrderBy(s => s.BaseOffset), .. _segments];
        }
    }

    private List<Segment> TakeObsolete()
    {
        lock (_segmentsLock)
        {
            List<Segment> all = [.. _obsolete, .. _emptied, .. _retired.Select(retired => retired.Segment)];
            _obsolete = [];
            _emptied.Clear();
            _retired.Clear();
            return all;
        }
    }

    /// <summary>The one way in which the segments change; readers see the old or the new.</summary>
    private void ChangeSegments(Func<Segment[], Segment[]> change)
    {
        lock (_segmentsLock)
            _segments = change(_segments);
    }

    private void Cut(Offset offset, Instant now)
    {
        Segment[] segments = _segments;
        int last = IndexOf(segments, offset);
        if (offset <= segments[last].BaseOffset && last > 0)
            last--;
        foreach (Segment segment in segments[(last + 1)..])
            segment.DeleteFiles();
        segments[last].TruncateTo(offset, Settings.IndexIntervalBytes);
        ChangeSegments(_ => segments[..(last + 1)]);
        Offset end = segments[last].NextOffset;
        Volatile.Write(ref _logEndOffset, end.Value);
        Volatile.Write(ref _flushedOffset, Math.Min(_flushedOffset, end.Value));
        Volatile.Write(ref _logStartOffset, Math.Min(_logStartOffset, end.Value));
        _epochs.TruncateTo(end);
        _producers.Clear();
        _snapshotOffset = Recovery.LoadProducers(_disk, _directory, _segments, _producers).Value;
        Volatile.Write(ref _firstUnstableOffset, _producers.FirstUnstable(end));
        RemoveExpiredProducers(now);
        Interlocked.Exchange(ref _newNames, 1);
    }

    private void WriteSnapshot(Offset offset, byte[] producers)
    {
        using IDiskFile file = DiskFiles.Replace(_disk, Recovery.SnapshotPath(_directory, offset), producers);
        Volatile.Write(ref _snapshotOffset, offset.Value);
    }
}
