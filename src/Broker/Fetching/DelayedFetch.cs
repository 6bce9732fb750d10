using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Model;

namespace Millrace.Broker.Fetching;

/// <summary>
/// A Fetch that waits for enough bytes: it hears of appends to its partitions and reads again on its own loop.
/// </summary>
/// <remarks>
/// <para>Owned by the loop of its connection; <see cref="OnAppended"/> alone comes from elsewhere. 1. It is answered
/// once: by enough bytes, by an error, or by its deadline. 2. However many appends come, at most one look is
/// posted.</para>
/// </remarks>
internal sealed class DelayedFetch : IAppendListener
{
    private readonly PendingRequest _pending;
    private readonly Partition[] _partitions;
    private readonly Func<bool, bool> _tryComplete;
    private ITimer? _timer;
    private int _isPosted;
    private bool _isDone;

    /// <param name="pending">The request.</param>
    /// <param name="partitions">What it reads; the array does not change.</param>
    /// <param name="tryComplete">Replies if there is enough, or in any case when told true; whether it did.</param>
    private DelayedFetch(PendingRequest pending, Partition[] partitions, Func<bool, bool> tryComplete)
    {
        _pending = pending;
        _partitions = partitions;
        _tryComplete = tryComplete;
    }

    public static void Wait(
        PendingRequest pending, Partition[] partitions, Instant deadline, Func<bool, bool> tryComplete)
    {
        var fetch = new DelayedFetch(pending, partitions, tryComplete);
        foreach (var partition in partitions)
            partition.Listen(fetch);
        fetch._timer = pending.Loop.Schedule(deadline, () => fetch.Look(isLast: true));

        // What was appended between the first look and the listening would otherwise be missed.
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
        if (_isDone || !_tryComplete(isLast))
            return;
        _isDone = true;
        _timer!.Cancel();
        foreach (var partition in _partitions)
            partition.Unlisten(this);
    }
}
