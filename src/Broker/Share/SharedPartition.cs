using Millrace.Broker.Partitions;
using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Broker.Share;

/// <summary>
/// The shell of one <see cref="SharePartition"/> on the node that leads the partition: reads the log for it, has its
/// changes stored, ends locks in time, and tells those who wait that there may be something to acquire.
/// </summary>
/// <remarks>
/// <para>Owned by <see cref="SharedPartitions"/>. 1. The core is called under one lock, which is not held while the log
/// is read. 2. Changes are handed to the share coordinator in the order of the decisions. 3. Once a change can't be
/// stored this one is closed: whoever asks next gets one that was read anew. 4. Nothing is acquired before the start
/// offset is on stable storage. 5. Who is told of a stored change is told with no lock of another's held but this
/// one's, so he only notes it.</para>
/// </remarks>
internal sealed class SharedPartition
{
    private readonly SharedPartitions _owner;
    private readonly SharePartition _core;
    private readonly Func<ShareSettings> _settings;
    private readonly int _leaderEpoch;
    private readonly Lock _lock = new();
    private readonly Lock _readersLock = new();
    private readonly HashSet<IAppendListener> _listeners = [];
    private ITimer? _timer;
    private Instant _wakeAt = Instant.Never;
    private bool _isReady;
    private volatile bool _isClosed;

    public SharedPartition(
        SharedPartitions owner, SharePartitionKey key, Partition partition, ShareState state,
        Func<ShareSettings> settings)
    {
        _owner = owner;
        _settings = settings;
        _leaderEpoch = partition.LeaderEpoch.Value;
        Key = key;
        Partition = partition;
        var isBegun = state.StartOffset != ShareState.None;
        var now = settings();
        _core = new SharePartition(state, isBegun ? state.StartOffset : StartOf(now.OffsetReset), now);
        _isReady = isBegun;
    }

    public SharePartitionKey Key { get; }

    public Partition Partition { get; }

    /// <summary>It is not to be used any more.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Stores where the group begins, if that is new.</summary>
    public void Begin()
    {
        if (!_isReady)
            _owner.Coordinators.Write(
                Key, _core.StateEpoch, _leaderEpoch, new StateChange(_core.StartOffset, 0, []), OnBegun);
    }

    /// <summary>
    /// Gives the member what there is to be had, up to the limits; of records at least one batch, then no more than
    /// <paramref name="maxBytes"/>.
    /// </summary>
    public SharedRecords Fetch(string memberId, int maxBytes, in FetchLimits limits)
    {
        while (NextFetchOffset() is { } from)
        {
            var reader = Read(from, maxBytes, limits);
            if (reader.Error == ErrorCode.OffsetOutOfRange)
                MoveLogStart();
            else if (reader.Error != ErrorCode.None)
                return SharedRecords.Failed(reader.Error);
            else if (reader.Batches.Count == 0)
                break;
            else if (Acquire(memberId, reader.Batches, from, limits) is { Count: > 0 } acquired)
                return reader.Records(acquired);
            if (NextFetchOffset() == from)
                break;
        }

        return SharedRecords.Nothing;
    }

    /// <summary>How many bytes, up to so many, could be acquired from.</summary>
    public int AvailableBytes(int maxBytes) =>
        NextFetchOffset() is { } from
            ? Partition.Log.Read(new Offset(from), maxBytes, Visible(), atLeastOneBatch: true).Length
            : 0;

    /// <summary>
    /// What a member says of records that it has. With None the answer of the storage comes to
    /// <paramref name="stored"/>, once; else nothing has changed.
    /// </summary>
    public ErrorCode Acknowledge(
        string memberId, IReadOnlyList<AcknowledgementBatch> batches, Action<ErrorCode> stored)
    {
        lock (_lock)
        {
            if (_isClosed)
                return ErrorCode.NotLeaderOrFollower;
            _core.Settings = _settings();
            var error = _core.Acknowledge(memberId, batches, _owner.Timers.Steady, out var change);
            if (error != ErrorCode.None)
                return error;
            Store(change, stored);
        }

        Notify();
        return ErrorCode.None;
    }

    /// <summary>The member gives back what it has.</summary>
    public void Release(string memberId, Action<ErrorCode> stored)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                stored(ErrorCode.None);
                return;
            }

            Store(_core.Release(memberId), stored);
        }

        Notify();
    }

    /// <summary>From now on the listener hears of records that may be acquired.</summary>
    public void Listen(IAppendListener listener)
    {
        lock (_readersLock)
            _listeners.Add(listener);
        Partition.Listen(listener);
    }

    public void Unlisten(IAppendListener listener)
    {
        lock (_readersLock)
            _listeners.Remove(listener);
        Partition.Unlisten(listener);
    }

    /// <summary>Who has acquired records here can't acknowledge them any more.</summary>
    public void Close()
    {
        _isClosed = true;
        lock (_lock)
            _timer?.Cancel();
        Notify();
    }

    private long? NextFetchOffset()
    {
        lock (_lock)
        {
            if (_isClosed || !_isReady)
                return null;
            _core.Settings = _settings();
            return _core.NextFetchOffset;
        }
    }

    private SharedRecordsReader Read(long from, int maxBytes, in FetchLimits limits) =>
        SharedRecordsReader.Read(
            Partition, from, maxBytes, Visible(), limits.MaxRecords + _core.Settings.MaxRecordLocks,
            _core.Settings.IsReadCommitted);

    private Offset Visible() =>
        _core.Settings.IsReadCommitted ? Partition.LastStableOffset : Partition.HighWatermark;

    private void MoveLogStart()
    {
        lock (_lock)
            _core.MoveLogStart(Partition.Log.LogStartOffset.Value);
    }

    private IReadOnlyList<AcquiredRecords> Acquire(
        string memberId, IReadOnlyList<FetchedBatch> batches, long from, in FetchLimits limits)
    {
        lock (_lock)
        {
            if (_isClosed)
                return [];
            var acquired = _core.Acquire(memberId, batches, from, limits, _owner.Timers.Steady);
            Arm();
            return acquired;
        }
    }

    /// <summary>Where a group begins that has not been here.</summary>
    private long StartOf(ShareOffsetReset reset)
    {
        var log = Partition.Log;
        if (reset.Kind == ShareOffsetResetKind.Earliest)
            return log.LogStartOffset.Value;
        var found = reset.Kind == ShareOffsetResetKind.ByDuration
            ? log.OffsetForTimestamp(Math.Max(_owner.Timers.Now.Milliseconds - reset.DurationMs, 0)).Offset
            : Offset.None;
        return found == Offset.None ? Partition.HighWatermark.Value : found.Value;
    }

    private void OnBegun(ShareStateReply reply)
    {
        if (reply.ErrorCode != ErrorCode.None)
        {
            _owner.Drop(this);
            return;
        }

        lock (_lock)
            _isReady = true;
        Notify();
    }

    /// <summary>Hands on what is to be stored. Under the lock, so that the order is that of the decisions.</summary>
    private void Store(StateChange? change, Action<ErrorCode> stored)
    {
        if (change is null)
        {
            stored(ErrorCode.None);
            return;
        }

        _owner.Coordinators.Write(Key, _core.StateEpoch, _leaderEpoch, change, reply =>
        {
            if (reply.ErrorCode != ErrorCode.None)
                _owner.Drop(this);
            stored(ShareErrors.For(reply.ErrorCode));
        });
    }

    private void Arm()
    {
        var deadline = _core.NextDeadline;
        if (deadline >= _wakeAt)
            return;
        _timer?.Cancel();
        _wakeAt = deadline;
        _timer = _owner.Timers.Schedule(deadline, Expire);
    }

    private void Expire()
    {
        lock (_lock)
        {
            _wakeAt = Instant.Never;
            if (_isClosed)
                return;
            _core.Settings = _settings();
            Store(_core.Expire(_owner.Timers.Steady), _ => { });
            Arm();
        }

        Notify();
    }

    private void Notify()
    {
        lock (_readersLock)
        {
            foreach (var listener in _listeners)
                listener.OnAppended();
        }
    }
}
