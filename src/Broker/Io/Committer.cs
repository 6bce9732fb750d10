using Millrace.Broker.Partitions;

namespace Millrace.Broker.Io;

/// <summary>
/// Group commit: a few threads that flush partitions. While one flush of a partition runs, what is appended gathers,
/// and the next flush serves all of it.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. A partition stands in the queue at most once and is flushed by one thread at a time.
/// 2. An append that is enqueued before a flush begins is covered by it or by the next one. 3. Partitions take turns:
/// one that is written to without pause goes behind those that wait. 4. A flush that hangs takes its thread and no
/// other. 5. A thread without work sleeps and never spins; a flush in steady state allocates nothing.</para>
/// </remarks>
internal sealed class Committer : IFlushQueue, IDisposable
{
    private const int Idle = 0;
    private const int Queued = 1;
    private const int Flushing = 2;
    private const int FlushingAndWanted = 3;

    private readonly object _gate = new(); // guards the queue; a monitor, for the threads wait on it
    private readonly Queue<Partition> _queue = new();
    private bool _isEnding;
    private readonly Thread[] _threads;
    private readonly Action<string> _log;

    public Committer(int threads, Action<string> log)
    {
        _log = log;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Run) { Name = $"committer-{i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>Called behind each flush, when all who waited for it have been answered.</summary>
    public Action AfterFlush { get; init; } = () => { };

    public void Enqueue(Partition partition)
    {
        Interlocked.MemoryBarrier(); // what was appended is seen by a flush that begins after the state is read
        while (true)
        {
            var state = Volatile.Read(ref partition.FlushState);
            if (state is Queued or FlushingAndWanted)
                return;
            var next = state == Idle ? Queued : FlushingAndWanted;
            if (Interlocked.CompareExchange(ref partition.FlushState, next, state) != state)
                continue;
            if (next == Queued)
                Add(partition);
            return;
        }
    }

    /// <summary>Flushes what is queued, then ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var thread in _threads)
            thread.Join();
    }

    private void Run()
    {
        while (Take() is { } partition)
        {
            do
            {
                // A full fence: whoever finds the partition queued before this appended before the flush looks.
                Interlocked.Exchange(ref partition.FlushState, Flushing);
                Flush(partition);
            }
            while (IsWantedAgain(partition) && !TryQueueBehind(partition));
        }
    }

    private void Add(Partition partition)
    {
        lock (_gate)
        {
            _queue.Enqueue(partition);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Null when all is flushed and no more is to come.</summary>
    private Partition? Take()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_isEnding)
                    return null;
                Monitor.Wait(_gate);
            }

            return _queue.Dequeue();
        }
    }

    private static bool IsWantedAgain(Partition partition) =>
        Interlocked.CompareExchange(ref partition.FlushState, Idle, Flushing) != Flushing;

    /// <summary>False if nobody waits: then it is flushed again at once.</summary>
    private bool TryQueueBehind(Partition partition)
    {
        lock (_gate)
        {
            if (_queue.Count == 0)
                return false;
            Volatile.Write(ref partition.FlushState, Queued);
            _queue.Enqueue(partition);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    private void Flush(Partition partition)
    {
        try
        {
            partition.Flush();
            AfterFlush();
            if (partition.TakeFailure() is { } text)
                _log(text);
        }
        catch (Exception failure) when (failure is not Core.Model.InvariantBrokenException)
        {
            _log($"Flushing {partition.Id} failed: {failure}");
        }
    }
}
