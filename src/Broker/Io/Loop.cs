using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>Something that a loop watches: a listening socket or a connection.</summary>
internal interface IWatched
{
    /// <summary>Called on the loop with <see cref="Epoll"/>'s bits.</summary>
    void OnReady(uint ready);
}

/// <summary>
/// A thread that serves the connections it was given: receives, parses, handles and replies inline.
/// </summary>
/// <remarks>
/// <para>Owned by the <see cref="Listener"/>. 1. Watched objects, timers and the receive buffer are touched on this
/// thread alone; other threads only post. 2. No flush runs on a connection's loop; a read of records that are not in
/// memory does wait for the disk. 3. A posted piece of work runs once, in the order of posting.</para>
/// </remarks>
internal sealed class Loop : ILoop, IDisposable
{
    /// <summary>Shared by all connections of the loop: an idle connection holds no memory for receiving.</summary>
    public const int ReceiveBytes = 256 * 1024;

    private const int MostEvents = 256;
    private const int PooledOutgoing = 32;

    private readonly Clock _clock = Clock.Machine;
    private readonly Epoll _epoll = new();
    private readonly Dictionary<int, IWatched> _watched = [];
    private readonly TimerQueue _timers;
    private readonly FileLoans _loans = new(OpenFiles.ToLendPerLoop);
    private readonly Stack<Outgoing> _outgoing = new();
    private readonly Lock _lock = new();
    private readonly Thread _thread;
    private readonly Action<string> _log;
    private List<Action> _posted = [];
    private List<Action> _running = [];
    private bool _isSleeping;
    private bool _stopping;

    public Loop(string name, Action<string> log)
    {
        _log = log;
        _timers = new TimerQueue(this);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public Memory<byte> ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);

    /// <summary>For frames that are not whole yet.</summary>
    public ReceiveBuffers ReceiveBuffers { get; } = new();

    public StringCache Strings { get; } = new();

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public Instant Now => _clock.Now;

    public Instant Steady => _clock.Steady;

    public void Watch(int descriptor, IWatched watched, uint interest)
    {
        _watched[descriptor] = watched;
        _epoll.Watch(descriptor, interest);
    }

    public void Change(int descriptor, uint interest) => _epoll.Change(descriptor, interest);

    public void Forget(int descriptor)
    {
        _watched.Remove(descriptor);
        _epoll.Forget(descriptor);
    }

    public Outgoing RentOutgoing() => _outgoing.TryPop(out var outgoing) ? outgoing : new Outgoing(_loans);

    public void ReturnOutgoing(Outgoing outgoing)
    {
        outgoing.Clear();
        if (_outgoing.Count < PooledOutgoing && outgoing.Capacity <= ReceiveBytes)
            _outgoing.Push(outgoing);
        else
            outgoing.Dispose();
    }

    public void Post(Action work)
    {
        bool wake;
        lock (_lock)
        {
            _posted.Add(work);
            wake = _isSleeping;
            _isSleeping = false;
        }

        if (wake)
            _epoll.Wake();
    }

    public ITimer Schedule(Instant deadline, Action work) => _timers.Add(deadline, work);

    /// <summary>Ends the thread after the work that is posted by now.</summary>
    public void Dispose()
    {
        Post(() => _stopping = true);
        _thread.Join();
        _epoll.Dispose();
        ReceiveBuffers.Dispose();
    }

    private void Run()
    {
        var ready = new Epoll.PackedEvent[MostEvents];
        while (!_stopping)
        {
            var count = _epoll.Wait(ready, FallAsleep() ? MillisecondsToNextTimer() : 0);
            Volatile.Write(ref _isSleeping, false);
            for (var i = 0; i < count; i++)
            {
                if (!_epoll.IsWake(ready[i].Descriptor) && _watched.TryGetValue(ready[i].Descriptor, out var watched))
                    Guard(watched, ready[i].Ready);
            }

            RunPosted();
            RunTimers();
        }
    }

    /// <summary>False if there is work. Else who posts some must wake the loop.</summary>
    private bool FallAsleep()
    {
        lock (_lock)
            return _isSleeping = _posted.Count == 0;
    }

    private int MillisecondsToNextTimer() => _timers.Next is { } deadline
        ? (int)Math.Clamp(deadline.Milliseconds - Steady.Milliseconds, 0, int.MaxValue)
        : -1;

    private void RunPosted()
    {
        lock (_lock)
            (_posted, _running) = (_running, _posted);
        foreach (var work in _running)
            Guard(work);
        _running.Clear();
    }

    private void RunTimers()
    {
        if (_timers.Next is null)
            return;
        var now = Steady;
        while (_timers.TakeDue(now) is { } work)
            Guard(work);
    }

    private void Guard(IWatched watched, uint ready)
    {
        try
        {
            watched.OnReady(ready);
        }
        catch (Exception exception) when (exception is not InvariantBrokenException)
        {
            _log($"A connection failed: {exception}");
        }
    }

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is not InvariantBrokenException)
        {
            _log($"A piece of work failed: {exception}");
        }
    }
}
