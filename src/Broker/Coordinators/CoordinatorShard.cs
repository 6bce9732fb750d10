using Millrace.Broker.Partitions;
using Millrace.Core.Coordinators;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Coordinators;

/// <summary>
/// The shell of one coordinator: it calls the core, appends what the core decides to the coordinator's partition,
/// replays it, and answers when it is on stable storage.
/// </summary>
/// <remarks>
/// <para>Owned by the coordinators of its kind. 1. The core is called under one lock, which is never held while
/// waiting or replying. 2. A record is replayed after it was appended, before the next call. 3. An answer that
/// depends on appended records goes when these are flushed. 4. After a failed append everything that waits is refused
/// and a new core is loaded from the log; when the storage has failed, none is. 5. Where the log can't be read whole,
/// nothing is served: what a part of it says may be wrong. 6. On a full disk reads go on; changes are tried again
/// every second, for each attempt that fails costs a loading; so is what is due, if the log refuses that. 7. Messages
/// go when all that was decided before is on stable storage.</para>
/// </remarks>
internal sealed class CoordinatorShard<TCore>
    where TCore : class, ICoordinatorCore
{
    private const int RetryMs = 1_000;

    private readonly Partition _partition;
    private readonly Func<TCore> _newCore;
    private readonly ILoop _timers;
    private readonly Action<string> _log;
    private readonly Lock _lock = new();
    private readonly Effects _effects = new();
    private readonly Action<CoordinatorShard<TCore>, CoordinatorMessage> _send;
    private Outbox _due = new([], []);
    private TCore? _core; // null once nothing is served
    private ITimer? _timer;
    private Instant _wakeAt = Instant.Never;
    private Instant _pausedUntil = new(0);
    private Instant _expiresAgainAt = new(0);

    public CoordinatorShard(
        Partition partition, Func<TCore> newCore, ILoop timers, Action<string> log,
        Action<CoordinatorShard<TCore>, CoordinatorMessage>? send = null)
    {
        _partition = partition;
        _newCore = newCore;
        _timers = timers;
        _log = log;
        _send = send ?? ((_, _) => { });
        Load();
    }

    /// <summary>
    /// Lets the core decide, and does what it wants done. False, with nothing done, once the partition is closed, its
    /// storage has failed or its log can't be read, and for a while after the disk was full.
    /// </summary>
    public bool Run(Action<TCore, Instant, Effects> decide)
    {
        if (!TryRun(decide, out var due))
            return false;
        Send(due);
        return true;
    }

    /// <summary>
    /// As <see cref="Run"/>, for who holds a lock: what is to be sent, also to others, goes a little later, from the
    /// loop. An answer may have its connection run the next request.
    /// </summary>
    public bool RunLocked(Action<TCore, Instant, Effects> decide)
    {
        if (!TryRun(decide, out var due))
            return false;
        if (!due.IsEmpty)
            _timers.Post(() => Send(due));
        return true;
    }

    private bool TryRun(Action<TCore, Instant, Effects> decide, out Outbox due)
    {
        due = default;
        lock (_lock)
        {
            var now = _timers.Steady;
            if (_core is null)
                return false;
            if (now < _pausedUntil)
            {
                Arm(_pausedUntil); // the timer that was armed before may be the one that calls
                return false;
            }

            Decide(decide, _core, now);
            if (Apply(_core, now))
                Expire(_core, now);
            due = TakeDue();
        }

        return true;
    }

    /// <summary>What is due. If the log refuses that, it is tried again after a while.</summary>
    private void Expire(TCore core, Instant now)
    {
        if (now < _expiresAgainAt)
        {
            Arm(_expiresAgainAt);
            return;
        }

        var deadline = core.Expire(now, _effects);
        if (Apply(core, now))
            Arm(deadline);
        else
            _expiresAgainAt = now + RetryMs;
    }

    /// <summary>Tells the core what it needs to know; while changes are refused too.</summary>
    public void Tell(Action<TCore, Instant> tell)
    {
        lock (_lock)
        {
            if (_core is not null)
                tell(_core, _timers.Steady);
        }

        Run((_, _, _) => { });
    }

    /// <summary>The listener hears when all that was decided by now is on stable storage.</summary>
    public void AwaitFlush(IFlushListener listener) => _partition.AwaitFlush(listener);

    /// <summary>Reads the core, which must not change by it; null where nothing is served.</summary>
    public TResult? Read<TResult>(Func<TCore, TResult> read)
        where TResult : class
    {
        lock (_lock)
            return _core is null ? null : read(_core);
    }

    /// <summary>
    /// Ends a producer's transaction in the partition, as <see cref="Partition.AppendMarker"/> does. What was decided
    /// in it counts from then on, or never did.
    /// </summary>
    public ErrorCode EndTransaction(
        ProducerIdAndEpoch producer, TransactionMarker marker, bool raisesEpoch, IFlushListener durable)
    {
        lock (_lock)
        {
            var error = _partition.AppendMarker(producer, marker, raisesEpoch, _timers.Now, durable);
            if (error == ErrorCode.None)
                _core?.ReplayEndTransaction(producer.Id, marker.IsCommit);
            return error;
        }
    }

    /// <summary>Serves no more: everything that waits is told to look for its coordinator anew.</summary>
    public void Close()
    {
        Outbox due;
        lock (_lock)
        {
            if (_core is not null)
                Resign(_core, ErrorCode.NotCoordinator);
            _core = null;
            due = TakeDue();
        }

        Send(due);
    }

    /// <summary>What a call that fails has wanted done so far is dropped: nobody must get it for another's.</summary>
    private void Decide(Action<TCore, Instant, Effects> decide, TCore core, Instant now)
    {
        try
        {
            decide(core, now, _effects);
        }
        catch
        {
            _effects.Clear();
            throw;
        }
    }

    /// <summary>False when the append failed: the core that decided is not that of the shard any more.</summary>
    private bool Apply(TCore core, Instant now)
    {
        var error = ErrorCode.None;
        var held = new Outbox([.. _effects.Replies.Where(reply => reply.AfterCommit)], [.. _effects.Messages]);
        var commit = new Commit(this, held);
        if (_effects.RecordCount > 0)
            error = Append(commit);
        else if (!held.IsEmpty)
            _partition.AwaitFlush(commit);

        _due.Replies.AddRange(_effects.Replies.Where(reply => !reply.AfterCommit));
        if (error == ErrorCode.None)
        {
            var transactionOf = _effects.TransactionOf?.Id ?? ICoordinatorCore.NoProducerId;
            for (var i = 0; i < _effects.RecordCount; i++)
            {
                var record = _effects.Record(i);
                core.Replay(record.Key, record.Value, transactionOf);
            }

            _effects.Clear();
            return true;
        }

        foreach (var reply in held.Replies)
            TCore.Fail(reply.Response, CoordinatorErrors.For(error));
        _due.Replies.AddRange(held.Replies);
        Resign(core, CoordinatorErrors.For(error));
        Recover(error, now);
        return false;
    }

    /// <summary>What waits is refused.</summary>
    private void Resign(TCore core, ErrorCode error)
    {
        _effects.Clear();
        core.Resign(error, _effects);
        _due.Replies.AddRange(_effects.Replies);
        _effects.Clear();
    }

    /// <summary>Goes on from what the log holds, unless the log is lost.</summary>
    private void Recover(ErrorCode error, Instant now)
    {
        _core = null;
        if (_partition.Log.IsOffline)
            return;
        if (error == ErrorCode.KafkaStorageError)
            _pausedUntil = now + RetryMs;
        Load();
    }

    private ErrorCode Append(Commit commit)
    {
        using var builder = new RecordBatchBuilder();
        if (_effects.TransactionOf is { } producer)
            (builder.ProducerId, builder.ProducerEpoch, builder.IsTransactional) = (producer.Id, producer.Epoch, true);
        var timestamp = _timers.Now.Milliseconds;
        for (var i = 0; i < _effects.RecordCount; i++)
        {
            var record = _effects.Record(i);
            if (record.Value is { } value)
                builder.Append(timestamp, record.Key.Span, value.Span);
            else
                builder.AppendTombstone(timestamp, record.Key.Span);
        }

        return _partition.Append(builder.Build(), AppendOrigin.Coordinator, _timers.Now, commit).Error;
    }

    private void Load()
    {
        var core = _newCore();
        try
        {
            LogRecords.Replay(
                _partition.Log,
                record => Replay(core, record),
                marker => core.ReplayEndTransaction(marker.Batch.ProducerId, marker.IsCommit));
        }
        catch (IOException failure)
        {
            _log($"The {TCore.Kept} of {_partition.Id} are not served, for they can't be told: {failure.Message}");
            return;
        }

        var now = _timers.Steady;
        core.Start(now);
        _core = core;
        Arm(now < _pausedUntil ? _pausedUntil : now);
    }

    private static void Replay(TCore core, in LogRecord record)
    {
        if (record.Key is not { } key)
            return;
        if (record.Batch.IsTransactional)
            core.Replay(key, record.Value, record.Batch.ProducerId);
        else
            core.Replay(key, record.Value);
    }

    private Outbox TakeDue()
    {
        var due = _due;
        if (!due.IsEmpty)
            _due = new Outbox([], []);
        return due;
    }

    private void Arm(Instant deadline)
    {
        if (deadline >= _wakeAt)
            return;
        _timer?.Cancel();
        _wakeAt = deadline;
        _timer = _timers.Schedule(deadline, Tick);
    }

    private void Tick()
    {
        lock (_lock)
            _wakeAt = Instant.Never;
        Run((_, _, _) => { });
    }

    private void Send(Outbox due)
    {
        foreach (var reply in due.Replies)
            ((CoordinatorRequest)reply.Token).Answer(reply.Response);
        foreach (var message in due.Messages)
            _send(this, message);
    }

    /// <summary>What goes out once the lock is released.</summary>
    private readonly record struct Outbox(List<CoordinatorReply> Replies, List<CoordinatorMessage> Messages)
    {
        public bool IsEmpty => Replies.Count == 0 && Messages.Count == 0;
    }

    /// <summary>What goes out when the records before it are on stable storage.</summary>
    private sealed class Commit(CoordinatorShard<TCore> shard, Outbox held) : IFlushListener
    {
        public void OnFlushed(ErrorCode error)
        {
            if (error != ErrorCode.None)
            {
                shard.Close();
                held.Messages.Clear();
                foreach (var reply in held.Replies)
                    TCore.Fail(reply.Response, CoordinatorErrors.For(error));
            }

            // Where nothing had to be flushed this is called back at once, under the lock.
            if (shard._lock.IsHeldByCurrentThread)
            {
                shard._due.Replies.AddRange(held.Replies);
                shard._due.Messages.AddRange(held.Messages);
            }
            else
            {
                shard.Send(held);
            }
        }
    }
}
