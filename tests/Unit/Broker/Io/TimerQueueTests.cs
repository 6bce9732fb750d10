using Millrace.Broker.Io;
using Millrace.Core.Model;
using Millrace.Shared.Simulated;
using ITimer = Millrace.Broker.ITimer;

namespace Millrace.Unit.Broker.Io;

public sealed class TimerQueueTests
{
    private readonly TimerQueue _queue = new(new SimLoop());
    private readonly List<int> _ran = [];

    [Fact]
    public void WhatIsCancelledHoldsNoPlace()
    {
        var timers = Enumerable.Range(0, 1000).Select(i => _queue.Add(new Instant(i % 7), () => { })).ToList();
        timers.ForEach(timer => timer.Cancel());

        Assert.Null(_queue.Next);
    }

    [Fact]
    public void TimersRunInTheOrderOfTheirDeadlinesWhateverIsCancelledOrRestarted()
    {
        var random = new Random(1);
        var deadlines = new Dictionary<int, long>();
        var timers = new List<ITimer>();
        for (var i = 0; i < 2000; i++)
        {
            var number = i;
            deadlines[i] = random.Next(500);
            timers.Add(_queue.Add(new Instant(deadlines[i]), () => _ran.Add(number)));
            var other = random.Next(timers.Count);
            if (random.Next(3) == 0)
            {
                timers[other].Cancel();
                deadlines.Remove(other);
            }
            else if (random.Next(3) == 0)
            {
                deadlines[other] = random.Next(500);
                timers[other].Restart(new Instant(deadlines[other]));
            }
        }

        Run(249);
        Assert.Equal(deadlines.Values.Where(at => at <= 249).Order(), _ran.Select(number => deadlines[number]));
        Run(500);
        Assert.Equal(deadlines.Values.Order(), _ran.Select(number => deadlines[number]));
        Assert.Null(_queue.Next);
    }

    private void Run(long now)
    {
        while (_queue.TakeDue(new Instant(now)) is { } work)
            work();
    }
}
