using Millrace.Broker;
using Millrace.Core.Model;
using ITimer = Millrace.Broker.ITimer;

namespace Millrace.Shared.Simulated;

/// <summary>A loop whose time stands still until a test moves it; what is posted runs when the test says so.</summary>
internal sealed class SimLoop : ILoop
{
    private readonly Queue<Action> _posted = new();
    private readonly PriorityQueue<SimTimer, long> _timers = new();

    public Instant Now { get; private set; } = new(1_700_000_000_000);

    public Instant Steady => Now;

    public bool IsCurrent => true;

    public void Post(Action work) => _posted.Enqueue(work);

    public ITimer Schedule(Instant deadline, Action work)
    {
        var timer = new SimTimer(this, work);
        timer.Restart(deadline);
        return timer;
    }

    /// <summary>Runs what is posted, and what that posts.</summary>
    public void RunPosted()
    {
        while (_posted.TryDequeue(out var work))
            work();
    }

    /// <summary>Lets time pass, and what is due happen.</summary>
    public void Advance(long milliseconds)
    {
        Now += milliseconds;
        RunPosted();
        while (_timers.TryPeek(out var timer, out var deadline) && deadline <= Now.Milliseconds)
        {
            _timers.Dequeue();
            timer.RunIfDue(deadline);
            RunPosted();
        }
    }

    private sealed class SimTimer(SimLoop loop, Action work) : ITimer
    {
        private Instant _deadline = Instant.Never;

        public void Cancel() => _deadline = Instant.Never;

        public void Restart(Instant deadline)
        {
            _deadline = deadline;
            loop._timers.Enqueue(this, deadline.Milliseconds);
        }

        public void RunIfDue(long at)
        {
            if (_deadline.Milliseconds != at)
                return;
            Cancel();
            work();
        }
    }
}
