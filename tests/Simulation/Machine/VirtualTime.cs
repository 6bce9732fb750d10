using Millrace.Core.Model;

namespace Millrace.Simulation.Machine;

/// <summary>On whose thread a piece of work would run.</summary>
internal enum Lane
{
    Client,
    Connections,
    Background,
    Maintenance,
    Cleaner,
    Flushes,
    Nature,
}

/// <summary>
/// The one queue of everything that happens, on one thread: time stands still while a piece of work runs and then
/// jumps to the next. What happens at the same time happens in an order that the seed decides.
/// </summary>
internal sealed class VirtualTime(Random random)
{
    private static readonly Instant Start = new(1_700_000_000_000);

    private readonly PriorityQueue<(Lane Lane, Action Work), (long At, int Tie)> _queue = new();
    private Lane? _running;

    /// <summary>Since the start.</summary>
    public long Microseconds { get; private set; }

    public Instant Now => Start + Microseconds / 1000;

    /// <summary>Pieces of work done.</summary>
    public int Steps { get; private set; }

    /// <summary>True ends every run of the queue.</summary>
    public Func<bool> IsOver { get; set; } = () => false;

    public void After(long microseconds, Lane lane, Action work) =>
        _queue.Enqueue((lane, work), (Microseconds + microseconds, random.Next()));

    public void At(Instant instant, Lane lane, Action work) =>
        After(Math.Max((instant.Milliseconds - Start.Milliseconds) * 1000 - Microseconds, 0), lane, work);

    /// <summary>A task that completes when the time has passed.</summary>
    public Task Delay(long milliseconds)
    {
        var passed = new TaskCompletionSource();
        After(milliseconds * 1000, Lane.Client, passed.SetResult);
        return passed.Task;
    }

    /// <summary>Lets happen what is due within the time, unless a piece of work throws.</summary>
    public void Run(long milliseconds)
    {
        var end = Microseconds + milliseconds * 1000;
        while (!IsOver() && _queue.TryPeek(out _, out var next) && next.At <= end)
            Step(next.At);
        if (!IsOver())
            Microseconds = Math.Max(Microseconds, end);
    }

    /// <summary>Runs the queue until the task is complete or the time has passed; whether it is.</summary>
    public bool Run(Task task, long milliseconds)
    {
        var end = Microseconds + milliseconds * 1000;
        while (!task.IsCompleted && !IsOver() && _queue.TryPeek(out _, out var next) && next.At <= end)
            Step(next.At);
        return task.IsCompletedSuccessfully;
    }

    /// <summary>
    /// Lets clients and connections go on while a flush is at work. Only from threads that may wait: elsewhere a lock
    /// may be held that keeps others out, and here there is but one thread.
    /// </summary>
    public void RunBeside(long microseconds)
    {
        if (_running is not (Lane.Flushes or Lane.Maintenance))
            return;
        var running = _running;
        var end = Microseconds + microseconds;
        List<((Lane, Action), (long, int))> waiting = [];
        try
        {
            while (!IsOver() && _queue.TryPeek(out var work, out var next) && next.At <= end)
            {
                if (work.Lane is Lane.Client or Lane.Connections)
                    Step(next.At);
                else
                    waiting.Add((_queue.Dequeue(), next));
            }

            Microseconds = Math.Max(Microseconds, end);
        }
        finally
        {
            _running = running;
            foreach (var (work, when) in waiting)
                _queue.Enqueue(work, when);
        }
    }

    private void Step(long at)
    {
        var (lane, work) = _queue.Dequeue();
        Microseconds = Math.Max(Microseconds, at);
        Steps++;
        _running = lane;
        work();
        _running = null;
    }
}
