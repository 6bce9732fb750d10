using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Model;

namespace Millrace.Broker.Share;

/// <summary>
/// A ShareFetch that waits for records: it hears of appends to its partitions and of records that are released there,
/// and tries again on its own loop.
/// </summary>
/// <remarks>
/// <para>Owned by the loop of its connection; <see cref="OnAppended"/> alone comes from elsewhere. 1. It is answered
/// once: by records, by an error, or by its deadline. 2. However much happens, at most one look is posted. 3. It holds
/// no records.</para>
/// </remarks>
internal sealed class DelayedShareFetch : IAppendListener
{
    private readonly PendingRequest _pending;
    private readonly Func<IReadOnlyList<SharedPartition>> _find;
    private readonly Func<bool, bool> _tryComplete;
    private IReadOnlyList<SharedPartition> _partitions = [];
    private ITimer? _timer;
    private int _isPosted;
    private bool _isDone;

    private DelayedShareFetch(
        PendingRequest pending, Func<IReadOnlyList<SharedPartition>> find, Func<bool, bool> tryComplete)
    {
        _pending = pending;
        _find = find;
        _tryComplete = tryComplete;
    }

    /// <param name="pending">The request.</param>
    /// <param name="deadline">When it is answered in any case.</param>
    /// <param name="find">What it reads; asked again when one of these was closed.</param>
    /// <param name="tryComplete">Replies if there is enough, or in any case when told true; whether it did.</param>
    public static void Wait(
        PendingRequest pending, Instant deadline, Func<IReadOnlyList<SharedPartition>> find,
        Func<bool, bool> tryComplete)
    {
        var fetch = new DelayedShareFetch(pending, find, tryComplete);
        fetch.Listen();
        fetch._timer = pending.Loop.Schedule(deadline, () => fetch.Look(isLast: true));

        // What happened between the first look and the listening would otherwise be missed.
        fetch.Look(isLast: false);
    }

    public void OnAppended()
    {
        if (Interlocked.Exchange(ref _isPosted, 1) == 0)
            _pending.Loop.Post(() => Look(isLast: false));
    }

    private void Look(bool isLast)
    {
        Volatile.Write(ref _isPosted, 0);
        if (_isDone)
            return;
        if (_partitions.Any(partition => partition.IsClosed))
        {
            Unlisten();
            Listen();
        }

        if (!_tryComplete(isLast))
            return;
        _isDone = true;
        _timer!.Cancel();
        Unlisten();
    }

    private void Listen()
    {
        _partitions = _find();
        foreach (var partition in _partitions)
            partition.Listen(this);
    }

    private void Unlisten()
    {
        foreach (var partition in _partitions)
            partition.Unlisten(this);
    }
}
