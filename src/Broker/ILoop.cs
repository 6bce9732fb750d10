using Millrace.Core.Model;

namespace Millrace.Broker;

/// <summary>
/// One thread of the broker, or in a simulation the one seeded queue: it runs everything that belongs to its
/// connections, one piece of work at a time.
/// </summary>
internal interface ILoop : IClock
{
    /// <summary>True when the caller runs on this loop.</summary>
    bool IsCurrent { get; }

    /// <summary>Runs <paramref name="work"/> on this loop, after what it does now. From any thread.</summary>
    void Post(Action work);

    /// <summary>
    /// Runs <paramref name="work"/> on this loop once <see cref="IClock.Steady"/> has come. From any thread.
    /// </summary>
    ITimer Schedule(Instant deadline, Action work);
}

/// <summary>A scheduled piece of work that may be called off, and scheduled again.</summary>
internal interface ITimer
{
    /// <summary>It does not run, and is forgotten, where it is called on the loop; at the latest at the
    /// deadline.</summary>
    void Cancel();

    /// <summary>Runs the same work at another time, instead of at the former one. On the loop.</summary>
    void Restart(Instant deadline);
}

/// <summary>Time as an input.</summary>
internal interface IClock
{
    /// <summary>The wall clock, for timestamps in records.</summary>
    Instant Now { get; }

    /// <summary>Never jumps: the wall clock at the start plus the time that has passed. For deadlines.</summary>
    Instant Steady { get; }
}
