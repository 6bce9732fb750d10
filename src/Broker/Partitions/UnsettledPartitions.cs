using System.Collections.Concurrent;

namespace Millrace.Broker.Partitions;

/// <summary>
/// The partitions in which something has happened that the disk must still learn of: the others cost nothing. Owned by
/// <see cref="TopicPartitions"/>. 1. A partition that changes after it was taken stands here again.
/// </summary>
internal sealed class UnsettledPartitions
{
    private readonly ConcurrentQueue<Partition> _queue = new();

    /// <summary>After the change. From any thread.</summary>
    public void Add(Partition partition)
    {
        Interlocked.MemoryBarrier(); // what has changed is seen by who takes the partition after the state is read
        if (Volatile.Read(ref partition.UnsettledState) == 0
            && Interlocked.Exchange(ref partition.UnsettledState, 1) == 0)
            _queue.Enqueue(partition);
    }

    /// <summary>Null when none is left. On one thread at a time.</summary>
    public Partition? Take()
    {
        if (!_queue.TryDequeue(out var partition))
            return null;
        Interlocked.Exchange(ref partition.UnsettledState, 0);
        return partition;
    }
}
