using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Groups;
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
/// <para>Owned by <see cref="GroupCoordinators"/>. 1. The core is called under one lock, which is never held while
/// waiting or replying. 2. A record is replayed after it was appended, before the next call. 3. An answer that
/// depends on appended records goes when these are flushed. 4. After a failed append everything that waits is refused
/// and a new core is loaded from the log; when the storage has failed, none is.</para>
/// </remarks>
internal sealed class CoordinatorShard
{
    private readonly Partition _partition;
    private readonly Func<GroupCoordinator> _newCore;
    private readonly ILoop _timers;
    private readonly Lock _lock = new();
    private readonly Effects _effects = new();
    private List<GroupReply> _due = [];
    private GroupCoordinator _core;
    private ITimer? _timer;
    private Instant _wakeAt = Instant.Never;
    private bool _isServing = true;

    public CoordinatorShard(Partition partition, Func<GroupCoordinator> newCore, ILoop timers)
    {
        _partition = partition;
        _newCore = newCore;
        _timers = timers;
        _core = Load();
    }

    /// <summary>
    /// Lets the core decide, and does what it wants done. False, with nothing done, once the partition is closed or its
    /// storage has failed.
    /// </summary>
    public bool Run(Action<GroupCoordinator, Instant, Effects> decide)
    {
        List<GroupReply> due;
        lock (_lock)
        {
            if (!_isServing)
                return false;
            var now = _timers.Steady;
            Decide(decide, now);
            Apply();
            var deadline = _core.Expire(now, _effects);
            Apply();
            Arm(deadline);
            (due, _due) = (_due, []);
        }

        foreach (var reply in due)
            Send(reply);
        return true;
    }

    /// <summary>The listener hears when all that was decided by now is on stable storage.</summary>
    public void AwaitFlush(IFlushListener listener) => _partition.AwaitFlush(listener);

    /// <summary>Reads the core, which must not change by it; null where <see cref="Run"/> gives false.</summary>
    public TResult? Read<TResult>(Func<GroupCoordinator, TResult> read)
        where TResult : class
    {
        lock (_lock)
            return _isServing ? read(_core) : null;
    }

    /// <summary>Serves no more: everything that waits is told to look for its coordinator anew.</summary>
    public void Close()
    {
        Run((core, _, effects) => core.Resign(ErrorCode.NotCoordinator, effects));
        lock (_lock)
            _isServing = false;
    }

    /// <summary>What a call that fails has wanted done so far is dropped: nobody must get it for another's.</summary>
    private void Decide(Action<GroupCoordinator, Instant, Effects> decide, Instant now)
    {
        try
        {
            decide(_core, now, _effects);
        }
        catch
        {
            _effects.Clear();
            throw;
        }
    }

    private void Apply()
    {
        var error = ErrorCode.None;
        var commit = new Commit(this, [.. _effects.Replies.Where(reply => reply.AfterCommit)]);
        if (_effects.RecordCount > 0)
            error = Append(commit);
        else if (commit.Replies.Count > 0)
            _partition.AwaitFlush(commit);

        _due.AddRange(_effects.Replies.Where(reply => !reply.AfterCommit));
        if (error == ErrorCode.None)
        {
            for (var i = 0; i < _effects.RecordCount; i++)
            {
                var record = _effects.Record(i);
                _core.Replay(record.Key, record.Value);
            }

            _effects.Clear();
            return;
        }

        foreach (var reply in commit.Replies)
            GroupErrors.Fail(reply.Response, GroupErrors.For(error));
        _due.AddRange(commit.Replies);
        _effects.Clear();
        _core.Resign(GroupErrors.For(error), _effects);
        _due.AddRange(_effects.Replies);
        _effects.Clear();
        if (_partition.Log.IsOffline)
            _isServing = false;
        else
            _core = Load();
    }

    private ErrorCode Append(Commit commit)
    {
        using var builder = new RecordBatchBuilder();
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

    private GroupCoordinator Load()
    {
        var core = _newCore();
        LogRecords.Replay(_partition.Log, (key, value) =>
        {
            if (key is { } bytes)
                core.Replay(bytes, value);
        });
        core.Start(_timers.Steady);
        return core;
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

    private static void Send(in GroupReply reply) => ((GroupRequest)reply.Token).Pending.Reply(reply.Response);

    /// <summary>Answers that go when the records before them are on stable storage.</summary>
    private sealed class Commit(CoordinatorShard shard, List<GroupReply> replies) : IFlushListener
    {
        public List<GroupReply> Replies => replies;

        public void OnFlushed(ErrorCode error)
        {
            if (error != ErrorCode.None)
                shard.Close();
            foreach (var reply in replies)
            {
                if (error != ErrorCode.None)
                    GroupErrors.Fail(reply.Response, GroupErrors.For(error));

                // Where nothing had to be flushed this is called back at once, under the lock.
                if (shard._lock.IsHeldByCurrentThread)
                    shard._due.Add(reply);
                else
                    Send(reply);
            }
        }
    }
}

/// <summary>A request as the group coordinator's core knows it.</summary>
internal sealed class GroupRequest(PendingRequest pending) : PendingReply
{
    public PendingRequest Pending { get; } = pending;

    public RequestContext Context => new(Pending.Version, Pending.Header.ClientId, Pending.Connection.ClientHost);
}
