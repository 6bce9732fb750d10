using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>
/// A partition that this node leads: its log, how much of it consumers may see, and who waits for more.
/// </summary>
/// <remarks>
/// <para>Owned by <see cref="TopicPartitions"/>. 1. Appends are serialised by one lock, which is never held while
/// waiting. 2. Readers take no lock. 3. The high watermark only grows and never passes the log's end. 4. Records of an
/// append with acks=all become visible when they are on stable storage, not before; those of other appends at once,
/// unless they stand behind such records; with log.flush.relaxed all are of the second kind. 5. Who waits for stable
/// storage is answered in the order of appends.</para>
/// </remarks>
internal sealed partial class Partition(TopicPartition id, Uuid topicId, PartitionLog log, IFlushQueue flushQueue)
{
    /// <summary>How long what is appended waits for a checkpoint, which bounds what recovery has to read.</summary>
    private const long CheckpointMs = 10_000;

    private readonly Lock _lock = new();
    private readonly Queue<FlushWaiter> _flushWaiters = new();
    private readonly List<IFlushListener> _released = []; // of the flush that is at work, of which there is one
    private readonly Lock _readersLock = new();
    private readonly HashSet<IAppendListener> _listeners = [];
    private long _highWatermark = log.LogEndOffset.Value;
    private int _isFailureTold;
    private int _isFullTold;
    private Instant _unflushedSince = Instant.Never;
    private Instant _dirtySince = Instant.Never;
    private Offset _checkpointed = log.LogEndOffset;

    public TopicPartition Id { get; } = id;

    public Uuid TopicId { get; } = topicId;

    public PartitionLog Log { get; } = log;

    /// <summary>Of this node's leadership; set by the metadata publisher, and never back.</summary>
    public LeaderEpoch LeaderEpoch { get; set; }

    /// <summary>Hears of every change that <see cref="Maintain"/> or a checkpoint must learn of; may be null.</summary>
    public UnsettledPartitions? Unsettled { get; init; }

    /// <summary>Consumers see what lies below.</summary>
    public Offset HighWatermark => new(Volatile.Read(ref _highWatermark));

    /// <summary>The end of what read_committed shows: the high watermark, or the first open transaction.</summary>
    public Offset LastStableOffset => Log.LastStableOffset(HighWatermark);

    /// <summary>Serialises what changes the log; never held while waiting for the disk.</summary>
    internal Lock Gate => _lock;

    /// <summary>Held by <see cref="UnsettledPartitions"/> while the partition stands in it.</summary>
    internal int UnsettledState;

    /// <summary>Held by the flush queue while the partition stands in it.</summary>
    internal int FlushState;

    /// <summary>
    /// Appends one batch, stamping it in place. With <paramref name="durable"/> the waiter hears when the records are
    /// on stable storage, unless the append fails, which the result alone tells.
    /// </summary>
    public AppendResult Append(Span<byte> batch, AppendOrigin origin, Instant now, IFlushListener? durable)
    {
        AppendResult result;
        bool mustFlush;
        var isVisible = false;
        lock (_lock)
        {
            result = Log.Append(batch, LeaderEpoch, now, origin);
            if (result.Error != ErrorCode.None)
            {
                ReportFailure();
                return result;
            }

            Unsettled?.Add(this);
            var end = result.NextOffset;
            if (durable is null || Log.Settings.IsRelaxed)
            {
                isVisible = !result.IsDuplicate && HighWatermark == result.BaseOffset;
                if (isVisible)
                    SetHighWatermark(end);
                mustFlush = false;
            }
            else
            {
                mustFlush = Log.FlushedOffset < end;
                if (mustFlush)
                    _flushWaiters.Enqueue(new FlushWaiter(end, durable));
            }
        }

        if (mustFlush || result.NextOffset - Log.FlushedOffset >= Log.Settings.FlushMessages
            || Log.UnflushedBytes >= Log.Settings.WriteBehindBytes)
            flushQueue.Enqueue(this);
        if (!mustFlush)
            durable?.OnFlushed(ErrorCode.None);
        if (isVisible)
            NotifyListeners();
        return result;
    }

    /// <summary>The listener hears when all that is appended by now is on stable storage.</summary>
    public void AwaitFlush(IFlushListener listener)
    {
        bool mustFlush;
        lock (_lock)
        {
            mustFlush = Log.FlushedOffset < Log.LogEndOffset && !Log.Settings.IsRelaxed;
            if (mustFlush)
                _flushWaiters.Enqueue(new FlushWaiter(Log.LogEndOffset, listener));
        }

        if (mustFlush)
            flushQueue.Enqueue(this);
        else
            listener.OnFlushed(ErrorCode.None);
    }

    /// <summary>
    /// Forces the log to stable storage and answers those who wait for it. On one thread at a time, which may wait.
    /// </summary>
    public void Flush()
    {
        var error = Log.Flush();
        var flushed = Log.FlushedOffset;
        var isVisible = false;
        lock (_lock)
        {
            while (_flushWaiters.TryPeek(out var next) && (error != ErrorCode.None || next.End <= flushed))
                _released.Add(_flushWaiters.Dequeue().Listener);
            if (error == ErrorCode.None)
            {
                // Behind the flushed records may stand others that wait for nothing but them.
                var visible = _flushWaiters.Count == 0 ? Log.LogEndOffset : flushed;
                isVisible = visible > HighWatermark;
                if (isVisible)
                    SetHighWatermark(visible);
            }
        }

        try
        {
            foreach (var listener in _released)
                listener.OnFlushed(error);
        }
        finally
        {
            _released.Clear(); // each is called once, whatever one of them throws
        }

        if (isVisible || error != ErrorCode.None)
            NotifyListeners();
    }

    /// <summary>
    /// Deletes segments that are too old or too many, forgets silent producers, and gives back the memory of segments
    /// that nobody reads.
    /// </summary>
    /// <returns>What was deleted.</returns>
    public Expired ApplyRetention(Instant now)
    {
        Expired deleted;
        var start = Log.LogStartOffset;
        lock (_lock)
        {
            deleted = Retention.Due(Log, now, HighWatermark);
            Retention.Apply(Log, now, HighWatermark);
            Log.RemoveExpiredProducers(now);
        }

        if (Log.LogStartOffset != start)
            Unsettled?.Add(this);
        else
            deleted = default;
        Log.ReleaseIdle();
        ReportFailure();
        return deleted;
    }

    /// <summary>What retention would delete now.</summary>
    public Expired DueForRetention(Instant now)
    {
        Expired due;
        lock (_lock)
            due = Retention.Due(Log, now, HighWatermark);
        Log.ReleaseIdle();
        return due;
    }

    /// <summary>
    /// Moves the log's start to an offset, -1 for the high watermark (DeleteRecords). Nothing below is given any more;
    /// that it stays so over a crash is the checkpoints' matter.
    /// </summary>
    public ErrorCode DeleteRecords(Offset before)
    {
        lock (_lock)
        {
            if (before == Offset.None)
                before = HighWatermark;
            if (before < Offset.Zero || before > HighWatermark)
                return ErrorCode.OffsetOutOfRange;
            if (Log.IsOffline)
                return ErrorCode.KafkaStorageError;
            Log.AdvanceLogStartOffset(before);
            Unsettled?.Add(this);
            return ErrorCode.None;
        }
    }

    /// <summary>
    /// What a log needs now and then: a flush after flush.ms, a checkpoint when much or long ago was appended since the
    /// last, its dropped files deleted. On a thread that may wait.
    /// </summary>
    /// <returns>True when nothing is left to do until something changes.</returns>
    /// <exception cref="IOException">The disk refuses what is tried again at the next call.</exception>
    public bool Maintain(Instant now, bool isDiskFull = false)
    {
        var end = Log.LogEndOffset;
        if (Log.FlushedOffset < end)
        {
            if (_unflushedSince == Instant.Never)
                _unflushedSince = now;
            if (now.Milliseconds - _unflushedSince.Milliseconds >= Log.Settings.FlushMs)
                flushQueue.Enqueue(this);
        }
        else
        {
            _unflushedSince = Instant.Never;
        }

        if (end != _checkpointed)
        {
            if (_dirtySince == Instant.Never)
                _dirtySince = now;
            if (now.Milliseconds - _dirtySince.Milliseconds >= CheckpointMs)
                Checkpoint();
        }

        var isSettled = Log.DeleteObsolete(now, isDiskFull || Log.IsDiskFull);
        ReportFailure();
        return Log.IsOffline
            || (isSettled && end == _checkpointed && end == Log.FlushedOffset && end == HighWatermark);
    }

    private void Checkpoint()
    {
        LogCheckpoint? checkpoint;
        lock (_lock)
            checkpoint = Log.BeginCheckpoint();
        if (checkpoint is null)
            return;
        Log.WriteCheckpoint(checkpoint);
        _checkpointed = checkpoint.Offset;
        _dirtySince = Instant.Never;
    }

    private void SetHighWatermark(Offset offset)
    {
        Volatile.Write(ref _highWatermark, offset.Value);
        Log.OnHighWatermark(offset);
    }

    /// <summary>
    /// What took the log offline, that it takes no records, or that it takes them again: in words for the operator,
    /// once each; null if there is nothing to tell.
    /// </summary>
    public string? TakeFailure() =>
        Log.Failure is { } failure && Interlocked.Exchange(ref _isFailureTold, 1) == 0
            ? $"{Id} is offline: {failure.Message.TrimEnd('.')}. Mend the disk, then restart."
            : Log.IsDiskFull && Interlocked.Exchange(ref _isFullTold, 1) == 0
            ? $"{Id} takes no records: the disk is full. Writing goes on when there is room; deleting topics helps."
            : !Log.IsDiskFull && Interlocked.Exchange(ref _isFullTold, 0) == 1 ? $"{Id} takes records again."
            : null;

    /// <summary>Whether the request's view of the leadership is this one (KIP-320); -1 is no view.</summary>
    public ErrorCode CheckLeaderEpoch(int currentLeaderEpoch) =>
        currentLeaderEpoch == LeaderEpoch.None.Value || currentLeaderEpoch == LeaderEpoch.Value ? ErrorCode.None
        : currentLeaderEpoch < LeaderEpoch.Value ? ErrorCode.FencedLeaderEpoch
        : ErrorCode.UnknownLeaderEpoch;

    /// <summary>
    /// Where an epoch ends (KIP-101). The leader's own begins at the log's end before a record of it stands there.
    /// </summary>
    public EpochEndOffset EndOffsetForEpoch(LeaderEpoch epoch)
    {
        var latest = Log.LatestEpoch;
        if (epoch <= latest || epoch > LeaderEpoch || epoch == LeaderEpoch.None)
            return Log.EndOffsetForEpoch(epoch);
        return new EpochEndOffset(
            epoch == LeaderEpoch || latest == LeaderEpoch.None ? epoch : latest, Log.LogEndOffset);
    }

    /// <summary>From now on <paramref name="listener"/> hears of every record that becomes visible.</summary>
    public void Listen(IAppendListener listener)
    {
        lock (_readersLock)
            _listeners.Add(listener);
    }

    public void Unlisten(IAppendListener listener)
    {
        lock (_readersLock)
            _listeners.Remove(listener);
    }

    /// <summary>The partition is deleted: who waits is told so.</summary>
    public void Close()
    {
        List<IFlushListener> released;
        lock (_lock)
        {
            released = [.. _flushWaiters.Select(waiter => waiter.Listener)];
            _flushWaiters.Clear();
        }

        foreach (var listener in released)
            listener.OnFlushed(ErrorCode.UnknownTopicOrPartition);
        NotifyListeners();
    }

    /// <summary>The flush queue tells the operator, and those who wait for a flush that now fails.</summary>
    private void ReportFailure()
    {
        if ((Log.Failure is not null && Volatile.Read(ref _isFailureTold) == 0)
            || Log.IsDiskFull != (Volatile.Read(ref _isFullTold) == 1))
            flushQueue.Enqueue(this);
    }

    private void NotifyListeners()
    {
        // The new watermark must be seen by whoever is not yet seen as a listener here.
        Interlocked.MemoryBarrier();
        if (_listeners.Count == 0)
            return;
        lock (_readersLock)
        {
            foreach (var listener in _listeners)
                listener.OnAppended();
        }
    }

    private readonly record struct FlushWaiter(Offset End, IFlushListener Listener);
}

/// <summary>Waits for records to reach stable storage.</summary>
internal interface IFlushListener
{
    /// <summary>Called once, from any thread; an error when the storage has failed.</summary>
    void OnFlushed(ErrorCode error);
}

/// <summary>Waits for records to become visible.</summary>
internal interface IAppendListener
{
    /// <summary>Called from any thread with a lock held: it may note the news and post, no more.</summary>
    void OnAppended();
}

/// <summary>Takes partitions whose logs are to be forced to stable storage.</summary>
internal interface IFlushQueue
{
    /// <summary>The partition is flushed soon, once for all that was appended until then. From any thread.</summary>
    void Enqueue(Partition partition);
}
