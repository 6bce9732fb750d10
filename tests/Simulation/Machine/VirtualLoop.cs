using Millrace.Broker;
using Millrace.Core.Model;
using ITimer = Millrace.Broker.ITimer;

namespace Millrace.Simulation.Machine;

/// <summary>
/// A loop of a simulated broker: what is posted runs in order, soon; nothing runs once the broker is dead.
/// </summary>
internal sealed class VirtualLoop(World world, SimBroker broker, Lane lane) : ILoop
{
    private const int LongestDelay = 40; // microseconds

    private readonly Queue<Action> _posted = new();
    private bool _isAwake;

    public bool IsCurrent { get; private set; }

    public Instant Now => world.Time.Now;

    public Instant Steady => world.Time.Now;

    public void Post(Action work)
    {
        _posted.Enqueue(work);
        if (_isAwake)
            return;
        _isAwake = true;
        world.Time.After(world.Chance.Next(LongestDelay), lane, Run);
    }

    public ITimer Schedule(Instant deadline, Action work)
    {
        var timer = new Timer(this, work);
        timer.Restart(deadline);
        return timer;
    }

    private void At(Instant deadline, Action work, Func<bool> isWanted) => world.Time.At(deadline, lane, () =>
    {
        if (isWanted() && broker.IsRunning)
            Post(work);
    });

    private void Run()
    {
        var wasCurrent = IsCurrent;
        IsCurrent = true;
        try
        {
            for (var count = _posted.Count; count > 0 && broker.IsRunning; count--)
                broker.Guard(_posted.Dequeue());
        }
        finally
        {
            IsCurrent = wasCurrent;
            _isAwake = false;
        }

        if (_posted.Count > 0 && broker.IsRunning)
            Wake();
    }

    private void Wake()
    {
        _isAwake = true;
        world.Time.After(world.Chance.Next(LongestDelay), lane, Run);
    }

    private sealed class Timer(VirtualLoop loop, Action work) : ITimer
    {
        private int _starts;
        private bool _isCancelled;

        public void Cancel() => _isCancelled = true;

        public void Restart(Instant deadline)
        {
            _isCancelled = false;
            var start = ++_starts;
            loop.At(deadline, () =>
            {
                if (!_isCancelled && start == _starts)
                    work();
            }, () => !_isCancelled && start == _starts);
        }
    }
}
