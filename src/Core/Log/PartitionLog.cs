using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log;

/// <summary>
/// What is known of a log before it is opened: how it was closed, and the broker's checkpoints of it.
/// </summary>
internal readonly record struct LogOpening(bool CleanlyClosed, Offset RecoveryPoint, Offset LogStartOffset);

/// <summary>
/// The log of one partition: its segments, producers and leader epochs in one directory, in Kafka's file formats.
/// The partition owns it and holds its lock around every call that changes it; <see cref="Flush"/> and all reads may
/// run beside those, without the lock.
/// 1. Neither LogStartOffset nor FlushedOffset exceeds LogEndOffset; none goes back but by <see cref="TruncateTo"/>.
/// 2. What a reader finds below LogEndOffset is whole: the end is published after the bytes are in the file.
/// 3. All below FlushedOffset survives a power failure.
/// 4. After a failed write or flush the log is offline, for good: only recovery may say what the disk holds.
/// </summary>
internal sealed partial class PartitionLog
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly ProducerStates _producers = new();
    private readonly LeaderEpochs _epochs;
    private readonly Lock _flushing = new();
    private volatile Segment[] _segments;
    private Segment[] _obsolete = [];
    private volatile bool _offline;
    private volatile IOException? _failure;
    private int _newNames = 1; // files were created since the directory was flushed
    private bool _isDirectoryDurable;
    private long _logStartOffset;
    private long _logEndOffset;
    private long _flushedOffset;

    private PartitionLog(IDisk disk, TopicPartition partition, LogSettings settings, Instant now, LogOpening opening)
    {
        _disk = disk;
        _directory = partition.ToString();
        Partition = partition;
        Settings = settings;
        disk.CreateDirectory(_directory);
        TopicId = PartitionMetadata.Read(disk, _directory);
        _epochs = new LeaderEpochs(disk, _directory);
        _segments = Recovery.OpenSegments(disk, _directory, settings, now, opening, _epochs);
        _logEndOffset = _segments[^1].NextOffset.Value;
        _epochs.TruncateTo(new Offset(_logEndOffset));
        _logStartOffset = Math.Clamp(
            opening.LogStartOffset.Value, _segments[0].BaseOffset.Value, _logEndOffset);
        Recovery.LoadProducers(disk, _directory, _segments, _producers);
        _flushedOffset = opening.CleanlyClosed ? _logEndOffset
            : opening.RecoveryPoint.Value <= _logEndOffset ? opening.RecoveryPoint.Value
            : 0;
    }

    public TopicPartition Partition { get; }

    /// <summary>From partition.metadata; empty until it is assigned.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>The topic's settings; may be replaced at any time.</summary>
    public LogSettings Settings { get; set; }

    public Offset LogStartOffset => new(Volatile.Read(ref _logStartOffset));

    public Offset LogEndOffset => new(Volatile.Read(ref _logEndOffset));

    /// <summary>All below is on stable storage.</summary>
    public Offset FlushedOffset => new(Volatile.Read(ref _flushedOffset));

    public LeaderEpoch LatestEpoch => _epochs.Latest;

    public bool IsOffline => _offline;

    /// <summary>What took the log offline; null if nothing did but its own end.</summary>
    public IOException? Failure => _failure;

    public long SizeInBytes => _segments.Sum(segment => segment.Size);

    public int ProducerCount => _producers.Count;

    internal IReadOnlyList<Segment> Segments => _segments;

    /// <summary>
    /// Opens or creates the log; after an unclean stop it is recovered and what is left made durable.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be read or written.</exception>
    public static PartitionLog Open(
        IDisk disk, TopicPartition partition, LogSettings settings, Instant now, LogOpening opening)
    {
        var log = new PartitionLog(disk, partition, settings, now, opening);
        if (!opening.CleanlyClosed && log.FlushedOffset < log.LogEndOffset && log.Flush() != ErrorCode.None)
            throw new IOException($"The log of {partition} cannot be flushed.");
        return log;
    }

    public void AssignTopicId(Uuid topicId)
    {
        PartitionMetadata.Write(_disk, _directory, topicId);
        TopicId = topicId;
    }

    /// <summary>
    /// Appends one batch, patched in place. A client's bytes are checked first and may have a part of a second batch
    /// behind the first; nothing is appended unless the error is None, nor if the batch is a duplicate.
    /// </summary>
    public AppendResult Append(Span<byte> data, LeaderEpoch epoch, Instant now, AppendOrigin origin)
    {
        if (_offline)
            return AppendResult.Refused(ErrorCode.KafkaStorageError, Offset.None);
        try
        {
            if (origin != AppendOrigin.Client)
                return AppendChecked(data, epoch, now, origin);
            BatchVerdict verdict = BatchValidator.Validate(data, Settings, now);
            if (verdict.Error != ErrorCode.None)
            {
                return AppendResult.Refused(
                    verdict.Error, verdict.HidesLogStart ? Offset.None : LogStartOffset, verdict.Message,
                    verdict.RecordErrors);
            }

            using RecordBatchBuilder? recompressed = verdict.Recompressed;
            return AppendChecked(
                recompressed is null ? data[..verdict.Length] : recompressed.Build(), epoch, now, origin);
        }
        catch (IOException failure)
        {
            Fail(failure);
            return AppendResult.Refused(ErrorCode.KafkaStorageError, Offset.None);
        }
    }

    /// <summary>
    /// Makes all that was appended before the call durable. Any thread, without the partition's lock.
    /// </summary>
    public ErrorCode Flush()
    {
        lock (_flushing)
        {
            if (_offline)
                return ErrorCode.KafkaStorageError;
            long end = Volatile.Read(ref _logEndOffset);
            bool newNames = Interlocked.Exchange(ref _newNames, 0) != 0;
            Segment[] segments = _segments; // taken after the end, so it holds all below
            try
            {
                FlushSegments(segments);
                _epochs.Flush();
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
    /// Whole batches from the one that holds <paramref name="from"/> on, all below <paramref name="upperBound"/>, not
    /// copied. With <paramref name="atLeastOneBatch"/> the first may exceed <paramref name="maxBytes"/>. A failed read
    /// leaves the log online: what it holds elsewhere may be sound.
    /// </summary>
    public LogSlice Read(Offset from, int maxBytes, Offset upperBound, bool atLeastOneBatch)
    {
        if (_offline)
            return LogSlice.Failed(ErrorCode.KafkaStorageError);
        Offset end = LogEndOffset;
        if (from < LogStartOffset || from > end)
            return LogSlice.Failed(ErrorCode.OffsetOutOfRange);
        if (from >= Offset.Min(end, upperBound))
            return LogSlice.Empty;
        Segment[] segments = _segments;
        if (from < segments[0].BaseOffset)
            return LogSlice.Failed(ErrorCode.OffsetOutOfRange); // deleted since the start was read
        try
        {
            for (int i = IndexOf(segments, from); i < segments.Length; i++)
            {
                if (SegmentReader.TryRead(segments[i], from, maxBytes, upperBound, atLeastOneBatch, out LogSlice slice))
                    return slice;
            }
        }
        catch (IOException)
        {
            return LogSlice.Failed(from < LogStartOffset ? ErrorCode.OffsetOutOfRange : ErrorCode.KafkaStorageError);
        }

        return LogSlice.Empty;
    }

    /// <summary>
    /// The first record with the timestamp or a later one; None if there is none, Unreadable if the disk refuses.
    /// </summary>
    public TimestampOffset OffsetForTimestamp(long timestamp) => Looked(() => Find(timestamp));

    /// <summary>
    /// The first record with the greatest timestamp of the log; None if it is empty, Unreadable if the disk refuses.
    /// </summary>
    public TimestampOffset MaxTimestampOffset() => Looked(FindLatest);

    public EpochEndOffset EndOffsetForEpoch(LeaderEpoch epoch) => _epochs.EndOffsetFor(epoch, LogEndOffset);

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
        _segments = segments[kept..];
        _epochs.StartAt(offset);
        _obsolete = [.. _obsolete, .. segments[..kept]];
        return true;
    }

    /// <summary>
    /// Deletes the files of the segments that the log has dropped. By whoever dropped them, without the partition's
    /// lock: it waits for the disk, and for a flush that is at work on the files.
    /// </summary>
    public bool DeleteObsolete()
    {
        Segment[] obsolete = _obsolete;
        _obsolete = [];
        lock (_flushing)
            return obsolete.Length == 0 || Guarded(() => DeleteSegments(obsolete));
    }

    /// <summary>Starts a new segment, so that the one before can be deleted; nothing if the last is empty.</summary>
    public void Roll(Instant now)
    {
        if (!_offline && _segments[^1].Size > 0)
            Guarded(() => StartSegment(now));
    }

    /// <summary>Forgets producers that are silent beyond producer.id.expiration.ms.</summary>
    public void RemoveExpiredProducers(Instant now) => _producers.RemoveExpired(now, Settings.ProducerIdExpirationMs);

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
    /// Closes the files. If <paramref name="clean"/>, all is flushed first, and the producers and indexes written, so
    /// that the next opening need not read the log; true if that succeeded.
    /// </summary>
    public bool Close(bool clean)
    {
        bool isClean = clean && !_offline && Guarded(() =>
        {
            WriteSnapshot();
            _segments[^1].Seal();
        }) && Flush() == ErrorCode.None;
        _offline = true;
        foreach (Segment segment in _segments)
            segment.Close();
        return isClean;
    }

    /// <summary>
    /// Deletes the directory and closes the files, for the space is free only then: a reader's slice fails from now on.
    /// </summary>
    public void Delete()
    {
        lock (_flushing)
        {
            _offline = true;
            try
            {
                _disk.DeleteDirectory(_directory);
                _disk.FlushDirectory("");
            }
            finally
            {
                foreach (Segment segment in _segments)
                    segment.Close();
            }
        }
    }

    private static TimestampOffset Looked(Func<TimestampOffset> find)
    {
        try
        {
            return find();
        }
        catch (IOException)
        {
            return TimestampOffset.Unreadable;
        }
    }

    private TimestampOffset Find(long timestamp)
    {
        Offset start = LogStartOffset;
        foreach (Segment segment in _segments)
        {
            if (segment.NextOffset > start && segment.MaxTimestamp >= timestamp
                && SegmentReader.TryFind(segment, timestamp, start, Settings, out TimestampOffset found))
                return found;
        }

        return TimestampOffset.None;
    }

    private TimestampOffset FindLatest()
    {
        Offset start = LogStartOffset;
        Segment? latest = _segments.Where(segment => segment.NextOffset > start)
            .MaxBy(segment => segment.MaxTimestamp);
        return latest is not null
            && SegmentReader.TryFind(latest, latest.MaxTimestamp, start, Settings, out TimestampOffset found)
            ? found
            : TimestampOffset.None;
    }

    /// <summary>
    /// Not before what stays has a durable name: a power failure must leave the old segments or the new.
    /// </summary>
    private void DeleteSegments(Segment[] segments)
    {
        if (Interlocked.Exchange(ref _newNames, 0) != 0)
            FlushNames();
        foreach (Segment segment in segments)
            segment.DeleteFiles();
        Interlocked.Exchange(ref _newNames, 1);
    }

    private AppendResult AppendChecked(Span<byte> data, LeaderEpoch epoch, Instant now, AppendOrigin origin)
    {
        if (RecordBatch.TryRead(data, out RecordBatch batch) != RecordBatchError.None)
            return AppendResult.Refused(ErrorCode.CorruptMessage, Offset.None);
        if (batch.SizeInBytes > Settings.SegmentBytes)
            return AppendResult.Refused(ErrorCode.RecordListTooLarge, Offset.None, "The batch exceeds segment.bytes.");
        if (origin == AppendOrigin.Client)
        {
            ErrorCode error = _producers.Check(batch, out ProducedBatch? duplicate);
            if (error != ErrorCode.None)
                return AppendResult.Refused(error, LogStartOffset, Explain(error, batch));
            if (duplicate is { } known)
                return Appended(known.FirstOffset, known.LastOffset, known.Timestamp) with { IsDuplicate = true };
        }

        if (origin == AppendOrigin.Replica)
        {
            if (batch.BaseOffset < _logEndOffset)
                return AppendResult.Refused(ErrorCode.InvalidRecord, LogStartOffset, "It is below the log's end.");
            epoch = new LeaderEpoch(batch.PartitionLeaderEpoch);
        }
        else
        {
            RecordBatchHeader.SetBaseOffset(data, _logEndOffset);
            RecordBatchHeader.SetPartitionLeaderEpoch(data, epoch.Value);
        }

        Write(batch, epoch, now);
        bool appendTime = Settings.TimestampType == TimestampType.LogAppendTime && origin == AppendOrigin.Client;
        return Appended(batch.BaseOffset, batch.LastOffset, appendTime ? now.Milliseconds : -1);
    }

    private void Write(scoped in RecordBatch batch, LeaderEpoch epoch, Instant now)
    {
        if (MustRoll(batch, now))
            StartSegment(now);
        _epochs.Assign(epoch, new Offset(batch.BaseOffset));
        _segments[^1].Append(batch, Settings.IndexIntervalBytes);
        _producers.Append(batch, now);
        Volatile.Write(ref _logEndOffset, batch.LastOffset + 1);
    }

    private AppendResult Appended(long firstOffset, long lastOffset, long logAppendTimeMs) => new()
    {
        BaseOffset = new Offset(firstOffset),
        NextOffset = new Offset(lastOffset + 1),
        LogAppendTimeMs = logAppendTimeMs,
        LogStartOffset = LogStartOffset,
        RecordErrors = [],
    };

    private static string Explain(ErrorCode error, scoped in RecordBatch batch) =>
        $"{error} for producer {batch.ProducerId}, epoch {batch.ProducerEpoch}, sequence {batch.BaseSequence}.";

    private bool MustRoll(scoped in RecordBatch batch, Instant now)
    {
        Segment active = _segments[^1];
        if (active.Size == 0)
            return false;
        long age = active.FirstTimestamp >= 0 && batch.MaxTimestamp >= 0
            ? batch.MaxTimestamp - active.FirstTimestamp
            : now.Milliseconds - active.Created.Milliseconds;
        return active.Size + batch.SizeInBytes > Settings.SegmentBytes
            || age > Settings.SegmentMs
            || active.Indexes.IsFull(Settings.SegmentIndexBytes)
            || batch.LastOffset - active.BaseOffset.Value > int.MaxValue;
    }

    private void StartSegment(Instant now)
    {
        var next = new Segment(_disk, _directory, LogEndOffset, now);
        next.StartEmpty();
        _segments[^1].Seal();
        WriteSnapshot();
        Interlocked.Exchange(ref _newNames, 1);
        _segments = [.. _segments, next];
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
        _segments = segments[..(last + 1)];
        Offset end = segments[last].NextOffset;
        Volatile.Write(ref _logEndOffset, end.Value);
        Volatile.Write(ref _flushedOffset, Math.Min(_flushedOffset, end.Value));
        Volatile.Write(ref _logStartOffset, Math.Min(_logStartOffset, end.Value));
        _epochs.TruncateTo(end);
        _producers.Clear();
        Recovery.LoadProducers(_disk, _directory, _segments, _producers);
        RemoveExpiredProducers(now);
        Interlocked.Exchange(ref _newNames, 1);
    }

    private void WriteSnapshot() =>
        DiskFiles.Replace(
            _disk, Recovery.SnapshotPath(_directory, LogEndOffset), ProducerSnapshot.Encode(_producers)).Dispose();

    /// <summary>From the last segment back to the first with nothing new; an empty last one proves nothing.</summary>
    private void FlushSegments(Segment[] segments)
    {
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

    private bool Guarded(Action change)
    {
        try
        {
            change();
            return true;
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

    /// <summary>The segment that holds an offset: the last that begins at or below it.</summary>
    private static int IndexOf(Segment[] segments, Offset offset)
    {
        int low = 0;
        int high = segments.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return Math.Max(high, 0);
    }
}
