using System.Diagnostics;

namespace Millrace.Bench.Load;

/// <summary>
/// When a load warms up, when it is measured and when it is over; shared by its threads. Times are those of
/// <see cref="Stopwatch.GetTimestamp"/>.
/// </summary>
internal sealed class LoadWindow
{
    private readonly TimeSpan _warmUp;
    private readonly TimeSpan _duration;
    private long _bytesLeft;
    private long _to;
    private volatile bool _aborted;

    /// <param name="warmUp">Load before what is measured.</param>
    /// <param name="duration">What is measured.</param>
    /// <param name="bytes">What is measured instead of a time; 0 for none.</param>
    public LoadWindow(TimeSpan warmUp, TimeSpan duration, long bytes = 0)
    {
        _warmUp = warmUp;
        _duration = duration;
        _bytesLeft = bytes;
        EndsByBytes = bytes > 0;
    }

    public long Start { get; private set; }

    /// <summary>What comes from here on counts.</summary>
    public long From { get; private set; }

    /// <summary>What comes later does not count.</summary>
    public long To
    {
        get => Volatile.Read(ref _to);
        private set => Volatile.Write(ref _to, value);
    }

    /// <summary>It ends with an amount, not with a time.</summary>
    public bool EndsByBytes { get; }

    public bool IsAborted => _aborted;

    /// <summary>It is over now.</summary>
    public void End() => To = Stopwatch.GetTimestamp();

    public void Begin()
    {
        Start = Stopwatch.GetTimestamp();
        From = Start + Ticks(_warmUp);
        To = EndsByBytes ? long.MaxValue : From + Ticks(_duration);
    }

    /// <summary>Whether so many more bytes belong to the load.</summary>
    public bool MaySend(long now, int count)
    {
        if (_aborted || now >= To)
            return false;
        if (!EndsByBytes || now < From)
            return true;
        return Interlocked.Add(ref _bytesLeft, -count) + count > 0;
    }

    public bool Counts(long now) => now >= From && now < To;

    /// <summary>One thread has failed: the others end.</summary>
    public void Abort() => _aborted = true;

    public static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
