using System.Collections.Concurrent;
using Millrace.Broker.Partitions;

namespace Millrace.Broker.Io;

/// <summary>
/// Group commit: a few threads that flush partitions. While one flush of a partition runs, what is appended gathers,
/// and the next flush serves all of it.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. A partition stands in the queue at most once and is flushed by one thread at a time.
/// 2. An append that is enqueued before a flush begins is covered by it or by the next one.</para>
/// </remarks>
internal sealed class Committer : IFlushQueue, IDisposable
{
    private const int Idle = 0;
    private const int Queued = 1;
    private const int Flushing = 2;
    private const int FlushingAndWanted = 3;

    private readonly BlockingCollection<Partition> _queue = [];
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

    public void Enqueue(Partition partition)
    {
        while (true)
        {
            var state = Volatile.Read(ref partition.FlushState);
            if (state is Queued or FlushingAndWanted)
                return;
            var next = state == Idle ? Queued : FlushingAndWanted;
            if (Interlocked.CompareExchange(ref partition.FlushState, next, state) != state)
                continue;
            if (next == Queued)
                _queue.Add(partition);
            return;
        }
    }

    /// <summary>Flushes what is queued, then ends.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
            thread.Join();
        _queue.Dispose();
    }

    private void Run()
    {
        foreach (var partition in _queue.GetConsumingEnumerable())
        {
            Volatile.Write(ref partition.FlushState, Flushing);
            do
            {
                Interlocked.CompareExchange(ref partition.FlushState, Flushing, FlushingAndWanted);
                Flush(partition);
            }
            while (Interlocked.CompareExchange(ref partition.FlushState, Idle, Flushing) != Flushing);
        }
    }

    private void Flush(Partition partition)
    {
        try
        {
            partition.Flush();
            if (partition.TakeFailure() is { } text)
                _log(text);
        }
        catch (Exception failure) when (failure is not Core.Model.InvariantBrokenException)
        {
            _log($"Flushing {partition.Id} failed: {failure}");
        }
    }
}
