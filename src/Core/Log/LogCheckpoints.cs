using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>
/// What a data directory's checkpoint files say of its logs: up to where each is on stable storage
/// (recovery-point-offset-checkpoint), where it starts (log-start-offset-checkpoint, which unlike Kafka's names every
/// log: a crash can bring back segments before the start, and the first segment can be lost), how far consumers could
/// see (replication-offset-checkpoint), up to where each was compacted (cleaner-offset-checkpoint), and below what
/// offset it may lack some for that reason (gaps-offset-checkpoint, which is Millrace's own: a cleaning that was not
/// brought to its end leaves gaps that Kafka's file does not tell of). Owned by the node; any thread. 1. No file says
/// more than the log held on stable storage. 2. A log that is not open keeps its lines until the topic is deleted. 3.
/// The lines of a deleted topic are gone before another topic of its name is created: whatever a file says of a log
/// that is to be opened, it says of that log.
/// </summary>
internal sealed class LogCheckpoints(IDisk disk)
{
    public const string RecoveryPointPath = "recovery-point-offset-checkpoint";

    private readonly Lock _lock = new();
    private readonly OffsetCheckpoint _recoveryPoints = new(disk, RecoveryPointPath);
    private readonly OffsetCheckpoint _logStarts = new(disk, OffsetCheckpoint.LogStart);
    private readonly OffsetCheckpoint _highWatermarks = new(disk, OffsetCheckpoint.HighWatermark);
    private readonly List<(PartitionLog Log, Offset Start)> _newStarts = []; // noted, not yet written
    private bool _isToForget; // lines are gone here and not yet in the files
    private readonly OffsetCheckpoint _cleaned = new(disk, OffsetCheckpoint.Cleaner);
    private readonly OffsetCheckpoint _gaps = new(disk, OffsetCheckpoint.Gaps);
    private bool? _areGapsKnown; // null until it is asked: the file may be lost, or have been Kafka's to write

    /// <summary>The files that were there and could not be read; they are made again.</summary>
    public IEnumerable<string> Damaged => new (OffsetCheckpoint File, string Path)[]
    {
        (_recoveryPoints, RecoveryPointPath), (_logStarts, OffsetCheckpoint.LogStart),
        (_highWatermarks, OffsetCheckpoint.HighWatermark), (_cleaned, OffsetCheckpoint.Cleaner),
        (_gaps, OffsetCheckpoint.Gaps),
    }.Where(file => file.File.IsDamaged).Select(file => file.Path);

    /// <summary>How a log is to be opened.</summary>
    public LogOpening Opening(TopicPartition partition, bool cleanlyClosed, Action<string> report)
    {
        lock (_lock)
        {
            return new LogOpening(
                cleanlyClosed,
                Offset.Max(_recoveryPoints.Of(partition), Offset.Zero),
                Offset.Max(_logStarts.Of(partition), Offset.Zero))
            {
                IsStartKnown = _logStarts.Of(partition) != Offset.None,
                GapsBelow = GapsBelow(partition),
                Report = report,
            };
        }
    }

    /// <summary>Takes down where a log stands; a line that would say nothing is left out.</summary>
    public void Note(PartitionLog log, Offset highWatermark)
    {
        Offset point = log.RecoveryPoint;
        Offset start = log.LogStartOffset;
        lock (_lock)
        {
            if (log.IsDeleted)
                return;
            _recoveryPoints.Set(log.Partition, point > Offset.Zero ? point : Offset.None);
            if (start > log.DurableStartOffset)
                _newStarts.Add((log, start));
            _logStarts.Set(log.Partition, Offset.Max(point, start) > Offset.Zero ? start : Offset.None);
            _highWatermarks.Set(
                log.Partition, highWatermark > Offset.Zero ? Offset.Min(highWatermark, point) : Offset.None);
        }
    }

    /// <summary>Up to where each log was cleaned that was.</summary>
    public IReadOnlyList<TopicPartition> Cleaned
    {
        get
        {
            lock (_lock)
                return [.. _cleaned.Partitions];
        }
    }

    /// <summary>None if it never was cleaned.</summary>
    public Offset CleanedTo(TopicPartition partition)
    {
        lock (_lock)
            return _cleaned.Of(partition);
    }

    /// <summary>Up to where a log is clean; None if that is no longer to be said.</summary>
    public void NoteCleaned(TopicPartition partition, Offset end)
    {
        lock (_lock)
            _cleaned.Set(partition, end);
    }

    /// <summary>Below what offset a log may lack some.</summary>
    public void NoteGaps(PartitionLog log, Offset below)
    {
        lock (_lock)
        {
            if (!log.IsDeleted)
                _gaps.Set(log.Partition, below > Offset.Zero ? below : Offset.None);
        }
    }

    /// <summary>The gaps of every log are noted: from now on a log without a line has none.</summary>
    public void KnowGaps()
    {
        lock (_lock)
        {
            if (AreGapsKnown)
                return;
            _areGapsKnown = true;
            _gaps.WriteAnyway();
        }
    }

    /// <summary>Up to where a log is on stable storage whose other facts stand elsewhere.</summary>
    public void NoteRecoveryPoint(TopicPartition partition, Offset point)
    {
        lock (_lock)
            _recoveryPoints.Set(partition, point);
    }

    /// <summary>None where it is not known.</summary>
    public Offset RecoveryPointOf(TopicPartition partition)
    {
        lock (_lock)
            return _recoveryPoints.Of(partition);
    }

    /// <summary>Makes what was taken down durable; nothing if nothing is new.</summary>
    /// <exception cref="IOException">The old files are still in force.</exception>
    public void Write()
    {
        lock (_lock)
        {
            _recoveryPoints.Write();
            _logStarts.Write();
            foreach ((PartitionLog log, Offset start) in _newStarts)
                log.DurableStartOffset = start;
            _newStarts.Clear();
            _highWatermarks.Write();
            if (AreGapsKnown)
                _gaps.Write();
            _cleaned.Write();
        }
    }

    /// <summary>The logs are deleted, and nothing of them holds for one that begins again under the name.</summary>
    /// <exception cref="IOException">The old files are still in force.</exception>
    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            _isToForget = true;
            foreach (TopicPartition partition in partitions)
            {
                foreach (OffsetCheckpoint file in (OffsetCheckpoint[])
                    [_recoveryPoints, _logStarts, _highWatermarks, _gaps, _cleaned])
                    file.Set(partition, Offset.None);
            }
        }

        ForgetAll();
    }

    /// <summary>
    /// Brings to the files what was forgotten and could not be written. Before a topic is created that may have a
    /// former one's name.
    /// </summary>
    /// <exception cref="IOException">The old files are still in force.</exception>
    public void ForgetAll()
    {
        lock (_lock)
        {
            if (!_isToForget)
                return;
            Write();
            _isToForget = false;
        }
    }

    private bool AreGapsKnown => _areGapsKnown ??= !_gaps.IsMissing && !_gaps.IsDamaged;

    /// <summary>Where the cleaner's file says more than this one, Kafka was at work here since.</summary>
    private Offset? GapsBelow(TopicPartition partition)
    {
        Offset cleaned = Offset.Max(_cleaned.Of(partition), Offset.Zero);
        Offset gaps = Offset.Max(_gaps.Of(partition), Offset.Zero);
        return AreGapsKnown && cleaned <= gaps ? gaps
            : cleaned > Offset.Zero ? new Offset(long.MaxValue)
            : null;
    }
}
