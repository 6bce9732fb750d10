using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Fetching;

/// <summary>
/// A Fetch that waits for enough bytes: it hears of appends to its partitions and reads again on its own loop.
/// </summary>
/// <remarks>
/// <para>Owned by the loop of its connection; <see cref="OnAppended"/> alone comes from elsewhere. 1. Its fetch is
/// answered once, by enough bytes, by an error, or by its deadline; or never, if the client goes. 2. However many
/// appends come, at most one look is posted. 3. It is used again only when no look of it is posted: a partition that it
/// has left does not call it.</para>
/// </remarks>
internal sealed class DelayedFetch : IAppendListener, IAbandonable, IRecyclable
{
    private const int MostKeptPartitions = 256;

    private readonly Action _look;
    private readonly Action _lookLast;
    private List<Partition> _partitions = [];
    private Fetch? _fetch;
    private ILoop? _loop;
    private ITimer? _timer;
    private int _isPosted;

    public DelayedFetch()
    {
        _look = () => Look(isLast: false);
        _lookLast = () => Look(isLast: true);
    }

    /// <summary>What the fetch reads, to be filled before <see cref="Wait"/>.</summary>
    public List<Partition> Partitions => _partitions;

    public void Wait(Fetch fetch, PendingRequest pending, Instant deadline)
    {
        _fetch = fetch;
        pending.Waiter = this;
        foreach (var partition in _partitions)
            partition.Listen(this);
        if (_timer is null || _loop != pending.Loop)
            _timer = pending.Loop.Schedule(deadline, _lookLast);
        else
            _timer.Restart(deadline);
        _loop = pending.Loop;

        // What was appended between the first look and the listening would otherwise be missed.
        Look(isLast: false);
    }

    public void OnAppended()
    {
        if (Interlocked.Exchange(ref _isPosted, 1) == 0)
            _loop!.Post(_look);
    }

    public void Abandon()
    {
        if (_fetch is null)
            return;
        _fetch = null;
        _timer!.Cancel();
        foreach (var partition in _partitions)
            partition.Unlisten(this);
    }

    public void Clear()
    {
        Abandon();
        if (_partitions.Count > MostKeptPartitions)
            _partitions = [];
        else
            _partitions.Clear();
    }

    public void Recycle()
    {
        Clear();
        if (Volatile.Read(ref _isPosted) == 0)
            Recycled<DelayedFetch>.Give(this);
    }

    private void Look(bool isLast)
    {
        Volatile.Write(ref _isPosted, 0);
        if (_fetch is { } fetch && fetch.CanReply(isLast))
        {
            Abandon();
            fetch.Reply();
        }
    }
}
