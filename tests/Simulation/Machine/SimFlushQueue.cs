using Millrace.Broker.Partitions;

namespace Millrace.Simulation.Machine;

/// <summary>
/// The broker's group commit on virtual time: a flush begins a while after it was asked for, and what is asked for
/// while it runs makes one more.
/// </summary>
internal sealed class SimFlushQueue(World world, SimBroker broker) : IFlushQueue
{
    private const int Idle = 0;
    private const int Queued = 1;
    private const int Flushing = 2;
    private const int FlushingAndWanted = 3;

    private readonly Queue<Partition> _waiting = new();

    public void Enqueue(Partition partition)
    {
        if (partition.FlushState == Idle)
        {
            partition.FlushState = Queued;
            Schedule(partition);
        }
        else if (partition.FlushState == Flushing)
        {
            partition.FlushState = FlushingAndWanted;
        }
    }

    /// <summary>Flushes what is queued, as at an orderly stop.</summary>
    public void Drain()
    {
        while (_waiting.TryDequeue(out var partition))
            Flush(partition);
    }

    private void Schedule(Partition partition)
    {
        _waiting.Enqueue(partition);
        world.Time.After(world.Scenario.FlushDelay(world.Chance), Lane.Flushes, () =>
        {
            if (broker.IsRunning && _waiting.TryDequeue(out var next))
                broker.Guard(() => Flush(next));
        });
    }

    private void Flush(Partition partition)
    {
        partition.FlushState = Flushing;
        partition.Flush();
        if (partition.TakeFailure() is { } text)
            broker.Log(text);
        var isWanted = partition.FlushState == FlushingAndWanted;
        partition.FlushState = isWanted ? Queued : Idle;
        if (isWanted)
            Schedule(partition);
    }
}
