using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log;

/// <summary>
/// What is known of a log before it is opened: how it was closed, and the broker's checkpoints of it.
/// </summary>
internal readonly record struct LogOpening(bool CleanlyClosed, Offset RecoveryPoint, Offset LogStartOffset)
{
    /// <summary>
    /// The start is what was noted of this log, not a guess: a first segment behind it is not the first.
    /// </summary>
    public bool IsStartKnown { get; init; }

    /// <summary>
    /// Below it the cleaner was at work, and offsets may be missing without damage; null where that is not known, and
    /// they may be missing anywhere in a compacted log.
    /// </summary>
    public Offset? GapsBelow { get; init; }

    /// <summary>Hears, in words for the operator, what the log cannot give. Any thread.</summary>
    public Action<string>? Report { get; init; }
}

/// <summary>
/// The log of one partition: its segments, producers and leader epochs in one directory, in Kafka's file formats.
/// The partition owns it and holds its lock around every call that changes it; <see cref="Flush"/>,
/// <see cref="WriteCheckpoint"/>, <see cref="DeleteObsolete"/> and all reads may run beside those, without the lock.
/// 1. Neither LogStartOffset nor FlushedOffset exceeds LogEndOffset; none goes back but by <see cref="TruncateTo"/>.
/// 2. What a reader finds below LogEndOffset is whole: the end is published after the bytes are in the file.
/// 3. All below FlushedOffset survives a power failure. 4. After a failed write or flush the log is offline, for good:
/// only recovery may say what the disk holds. A full disk is no failure: an append is refused, and changes nothing.
/// 5. Nothing is given that is damaged; what is damaged is reported once.
/// </summary>
internal sealed partial class PartitionLog
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly Action<string> _report;
    private readonly ProducerStates _producers = new();
    private readonly LeaderEpochs _epochs;
    private readonly Lock _flushing = new();
    private readonly Lock _segmentsLock = new();
    private readonly HashSet<(string File, long Position)> _reported = [];
    private volatile Segment[] _segments;
    private volatile bool _offline;
    private volatile IOException? _failure;
    private LogSettings _settings;
    private int _newNames = 1; // files were created since the directory was flushed
    private bool _isDirectoryDurable;
    private long _logStartOffset;
    private long _logEndOffset;
    private long _flushedOffset;
    private long _appendedBytes;
    private long _flushedBytes; // of those appended, when the last flush began
    private long _firstUnstableOffset;
    private long _gapsBelow;

    private PartitionLog(IDisk disk, TopicPartition partition, LogSettings settings, Instant now, LogOpening opening)
    {
        _disk = disk;
        _directory = partition.ToString();
        _report = opening.Report ?? (_ => { });
        _settings = settings;
        opening = opening with
        {
            GapsBelow = opening.GapsBelow ?? (settings.Compact ? new Offset(long.MaxValue) : Offset.Zero),
        };
        Partition = partition;
        disk.CreateDirectory(_directory);
        TopicId = PartitionMetadata.Read(disk, _directory);
        _epochs = new LeaderEpochs(disk, _directory);
        var recovery = new Recovery(disk, _directory, settings, now, opening, Report);
        _segments = recovery.OpenSegments(_epochs);
        LimitGaps(Offset.Min(opening.GapsBelow.Value, recovery.FoundEnd));
        _logEndOffset = _segments[^1].NextOffset.Value;
        if (opening.CleanlyClosed && !recovery.HasNewFiles)
            _newNames = 0; // whoever closed it flushed them
        if (_epochs.WasLost && _logEndOffset > _segments[0].BaseOffset.Value)
            RestoreEpochs(recovery.Repaired, opening);
        _epochs.TruncateTo(new Offset(_logEndOffset + 1));
        _logStartOffset = Math.Clamp(
            opening.LogStartOffset.Value, _segments[0].BaseOffset.Value, _logEndOffset);
        DurableStartOffset = opening.LogStartOffset;
        _snapshotOffset = Recovery.LoadProducers(disk, _directory, _segments, _producers, (offset, path) =>
        {
            if (opening.CleanlyClosed || offset < opening.RecoveryPoint)
                recovery.Repaired.Add(path);
        }).Value;
        _producersLoadedAt = _snapshotOffset;
        _firstUnstableOffset = _producers.FirstUnstable(LogEndOffset);
        _jitterMs = Jitter(_segments[^1]);
        if (_snapshotOffset < _logEndOffset && _logStartOffset == _logEndOffset)
            Guarded(() => WriteSnapshot(LogEndOffset, ProducerSnapshot.Encode(_producers))); // no batch tells of them
        _flushedOffset = opening.CleanlyClosed ? _logEndOffset
            : opening.RecoveryPoint.Value <= _logEndOffset ? opening.RecoveryPoint.Value
            : 0;
        foreach (Segment segment in _segments)
        {
            if (!opening.CleanlyClosed && (segment == _segments[^1] || segment.NextOffset.Value > _flushedOffset))
                segment.FlushAbortedLater();
            segment.OnRepair = OnRepair;
        }

        if (recovery.Repaired.Count > 0)
            ReportRepaired(recovery.Repaired);
    }

    public TopicPartition Partition { get; }

    /// <summary>From partition.metadata; empty until it is assigned.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>The topic's settings; may be replaced at any time.</summary>
    public LogSettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    public Offset LogStartOffset => new(Volatile.Read(ref _logStartOffset));

    public Offset LogEndOffset => new(Volatile.Read(ref _logEndOffset));

    /// <summary>All below is on stable storage.</summary>
    public Offset FlushedOffset => new(Volatile.Read(ref _flushedOffset));

    /// <summary>So many bytes were appended since the last flush began.</summary>
    public long UnflushedBytes => Volatile.Read(ref _appendedBytes) - Volatile.Read(ref _flushedBytes);

    /// <summary>From here on recovery has to read the log; all below is on stable storage.</summary>
    public Offset RecoveryPoint => new(Math.Min(Volatile.Read(ref _flushedOffset), _epochs.FirstUnflushed));

    /// <summary>
    /// Up to where the log's start is on stable storage (log-start-offset-checkpoint): segments above stay, for after a
    /// crash the log would begin there again.
    /// </summary>
    public Offset DurableStartOffset { get; set; }

    public LeaderEpoch LatestEpoch => _epochs.Latest;

    public bool IsOffline => _offline;

    /// <summary>Its directory goes or is gone: another log may be made under the name.</summary>
    public bool IsDeleted { get; private set; }

    /// <summary>What took the log offline; null if nothing did but its own end.</summary>
    public IOException? Failure => _failure;

    /// <summary>The last append found no room on the disk.</summary>
    public bool IsDiskFull { get; private set; }

    public long SizeInBytes => _segments.Sum(segment => segment.Size);

    public int ProducerCount => _producers.Count;

    internal IReadOnlyList<Segment> Segments => _segments;

    internal ProducerStates Producers => _producers;

    /// <summary>
    /// Opens or creates the log; after an unclean stop it is recovered and what is left made durable.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be read or written.</exception>
    public static PartitionLog Open(
        IDisk disk, TopicPartition partition, LogSettings settings, Instant now, LogOpening opening)
    {
        var log = new PartitionLog(disk, partition, settings, now, opening);
        if (log.FlushedOffset < log.LogEndOffset && log.Flush() != ErrorCode.None)
            throw new IOException($"The log of {partition} cannot be flushed.");
        return log;
    }

    public void AssignTopicId(Uuid topicId)
    {
        PartitionMetadata.Write(_disk, _directory, topicId);
        TopicId = topicId;
    }

    /// <summary>
    /// The end of what read_committed shows below a high watermark: open transactions, and those whose markers are not
    /// below it, hold it back.
    /// </summary>
    public Offset LastStableOffset(Offset highWatermark) =>
        Offset.Min(highWatermark, new Offset(Volatile.Read(ref _firstUnstableOffset)));

    /// <summary>The high watermark has moved: transactions whose markers it has passed become stable.</summary>
    public void OnHighWatermark(Offset highWatermark)
    {
        if (_producers.HasTransactions)
            Volatile.Write(ref _firstUnstableOffset, _producers.FirstUnstable(highWatermark));
    }

    /// <summary>Forgets producers that are silent beyond producer.id.expiration.ms.</summary>
    public void RemoveExpiredProducers(Instant now) => _producers.RemoveExpired(now, Settings.ProducerIdExpirationMs);

    /// <summary>
    /// Makes all that was appended before the call durable. Any thread, without the partition's lock.
    /// </summary>
    public ErrorCode Flush()
    {
        lock (_flushing)
        {
            if (_offline)
                return ErrorCode.KafkaStorageError;
            Volatile.Write(ref _flushedBytes, Volatile.Read(ref _appendedBytes));
            long end = Volatile.Read(ref _logEndOffset);
            bool newNames = Interlocked.Exchange(ref _newNames, 0) != 0;
            Segment[] segments = SegmentsOnDisk(); // taken after the end, so they hold all below
            try
            {
                FlushSegments(segments);
                if (newNames)
                    FlushNames();
            }
            catch (IOException failure)
            {
                Fail(failure);
                return ErrorCode.KafkaStorageError;
            }

            Volatile.Write(ref _flushedOffset, end);
            return ErrorCode.None;
        }
    }

    /// <summary>
    /// Closes the files. If <paramref name="clean"/>, all is flushed first, and the producers and indexes written, so
    /// that the next opening need not read the log; true if that succeeded.
    /// </summary>
    public bool Close(bool clean)
    {
        bool isClean = clean && !_offline
            && (IsCheckpointed ? CloseIndexes() : CloseWhatIsNew());
        _offline = true;
        foreach (Segment segment in _segments)
            segment.Close();
        foreach (Segment segment in TakeObsolete())
        {
            if (clean && segment.IsMarkedDeleted && segment.File.Length > 0)
                Guarded(() => segment.DeleteFiles());
            segment.Close();
        }

        return isClean;
    }

    /// <summary>
    /// Takes the directory out of the way at once, under Kafka's name for what is to be deleted, and deletes it and
    /// closes the files, for the space is free only then: a reader's slice fails from now on.
    /// </summary>
    public void Delete()
    {
        lock (_flushing)
        {
            _offline = true;
            IsDeleted = true;
            string doomed = $"{_directory}.{TopicId.High:x16}{TopicId.Low:x16}-delete";
            try
            {
                _disk.DeleteDirectory(doomed);
                _disk.Rename(_directory, doomed);
                _disk.FlushDirectory("");
                _disk.DeleteDirectory(doomed);
            }
            finally
            {
                foreach (Segment segment in (IEnumerable<Segment>)[.. _segments, .. TakeObsolete()])
                    segment.Close();
            }
        }
    }

    /// <summary>All that an opening reads is on stable storage already, as in a log that was not written.</summary>
    private bool IsCheckpointed =>
        LogEndOffset.Value == _snapshotOffset && FlushedOffset == LogEndOffset
        && _epochs.FirstUnflushed == long.MaxValue && !_segments[^1].HasUnflushedFiles
        && Volatile.Read(ref _newNames) == 0;

    private bool CloseWhatIsNew() =>
        Guarded(() =>
        {
            _segments[^1].DropUnfinished();
            _segments[^1].Seal();
            if (LogEndOffset.Value > _snapshotOffset)
                WriteSnapshot(LogEndOffset, ProducerSnapshot.Encode(_producers));
            _epochs.Flush();
            Interlocked.Exchange(ref _newNames, 1);
        }) && Flush() == ErrorCode.None;

    /// <summary>
    /// The last segment's index files, as Kafka wants them of every segment. Empty ones need no flush: nothing is lost
    /// with them.
    /// </summary>
    private bool CloseIndexes()
    {
        Segment active = _segments[^1];
        if (active.IsIndexSaved)
            return true;
        if (!Guarded(active.Seal))
            return false;
        if (active.Size == 0)
            return true;
        Interlocked.Exchange(ref _newNames, 1);
        return Flush() == ErrorCode.None;
    }

    private void FlushSegments(Segment[] segments)
    {
        // From the last segment back to the first with nothing new; an empty last one proves nothing.
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            if (segments[i].NextOffset.Value > _flushedOffset || segments[i].HasUnflushedFiles)
                segments[i].Flush();
            else if (i < segments.Length - 1)
                break;
        }
    }

    private void FlushNames()
    {
        _disk.FlushDirectory(_directory);
        if (!_isDirectoryDurable)
            _disk.FlushDirectory("");
        _isDirectoryDurable = true;
    }

    private void Report(DamagedRange damage)
    {
        lock (_reported)
        {
            if (!_reported.Add((damage.File, damage.Position)))
                return;
        }

        _report(damage.Describe(Partition));
    }

    private bool Guarded(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (DiskFullException)
        {
            return false;
        }
        catch (IOException failure)
        {
            Fail(failure);
            return false;
        }
    }

    /// <summary>The first failure is the one to know; what fails in a closed or deleted log is none.</summary>
    private void Fail(IOException failure)
    {
        if (!_offline)
            _failure = failure;
        _offline = true;
    }
}
