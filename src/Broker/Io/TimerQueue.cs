using Millrace.Core.Model;

namespace Millrace.Broker.Io;

/// <summary>
/// What a loop has to do at some time: a binary heap in which each timer knows its place, so that one that is cancelled
/// leaves at once.
/// </summary>
/// <remarks>
/// <para>Owned by the loop, touched on its thread; <see cref="Add"/> and a cancellation may come from any, and then go
/// by way of the loop. Timers of one deadline run in no order.</para>
/// </remarks>
internal sealed class TimerQueue(ILoop loop)
{
    private const int Nowhere = -1;

    private readonly List<Timer> _heap = [];

    /// <summary>The next deadline; null where there is none.</summary>
    public Instant? Next => _heap.Count == 0 ? null : _heap[0].Deadline;

    /// <summary>From any thread.</summary>
    public ITimer Add(Instant deadline, Action work)
    {
        var timer = new Timer(this, work) { Deadline = deadline };
        if (loop.IsCurrent)
            Insert(timer);
        else
            loop.Post(() => InsertUnlessCancelled(timer));
        return timer;
    }

    /// <summary>Takes the work of one timer whose time has come; null when there is none.</summary>
    public Action? TakeDue(Instant now)
    {
        if (_heap.Count == 0 || _heap[0].Deadline > now)
            return null;
        var timer = _heap[0];
        Remove(timer);
        return timer.Work;
    }

    private void InsertUnlessCancelled(Timer timer)
    {
        if (!timer.IsCancelled && timer.Place == Nowhere)
            Insert(timer);
    }

    private void Insert(Timer timer)
    {
        _heap.Add(timer);
        Rise(timer, _heap.Count - 1);
    }

    private void Remove(Timer timer)
    {
        var place = timer.Place;
        if (place == Nowhere)
            return;
        timer.Place = Nowhere;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (last == timer)
            return;
        if (place > 0 && last.Deadline < _heap[(place - 1) / 2].Deadline)
            Rise(last, place);
        else
            Sink(last, place);
    }

    /// <summary>Puts a timer at a place that is free, or above.</summary>
    private void Rise(Timer timer, int place)
    {
        while (place > 0)
        {
            var above = _heap[(place - 1) / 2];
            if (above.Deadline <= timer.Deadline)
                break;
            Put(above, place);
            place = (place - 1) / 2;
        }

        Put(timer, place);
    }

    /// <summary>Puts a timer at a place that is free, or below.</summary>
    private void Sink(Timer timer, int place)
    {
        while (true)
        {
            var below = (2 * place) + 1;
            if (below + 1 < _heap.Count && _heap[below + 1].Deadline < _heap[below].Deadline)
                below++;
            if (below >= _heap.Count || timer.Deadline <= _heap[below].Deadline)
                break;
            Put(_heap[below], place);
            place = below;
        }

        Put(timer, place);
    }

    private void Put(Timer timer, int place)
    {
        _heap[place] = timer;
        timer.Place = place;
    }

    private sealed class Timer(TimerQueue queue, Action work) : ITimer
    {
        private volatile bool _isCancelled;

        public Action Work => _isCancelled ? Nothing : work;

        public Instant Deadline { get; set; }

        public int Place { get; set; } = Nowhere;

        public bool IsCancelled => _isCancelled;

        public void Cancel()
        {
            _isCancelled = true;
            if (queue.IsCurrent)
                queue.Remove(this);
        }

        public void Restart(Instant deadline)
        {
            queue.Remove(this);
            _isCancelled = false;
            Deadline = deadline;
            queue.Insert(this);
        }

        private static void Nothing()
        {
        }
    }

    private bool IsCurrent => loop.IsCurrent;
}
