using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Partitions;

/// <summary>A partition on a simulated disk whose flushes happen when the test says so.</summary>
internal sealed class PartitionFixture : IFlushQueue
{
    private readonly HashSet<Partition> _queued = [];

    public PartitionFixture(LogSettings? settings = null)
    {
        var id = new TopicPartition("orders", 0);
        var log = PartitionLog.Open(
            Disk, id, settings ?? LogSettings.Default, LogFixture.Now, new LogOpening(true, Offset.Zero, Offset.Zero));
        Partition = new Partition(id, new Uuid(1, 1), log, this) { Unsettled = Topics.Unsettled };
        Topics.Set(new HostedTopic("orders", Partition.TopicId, [Partition]));
    }

    public SimDisk Disk { get; } = new();

    public Partition Partition { get; }

    public TopicPartitions Topics { get; } = new();

    public SimLoop Loop { get; } = new();

    public bool IsFlushWanted => _queued.Count > 0;

    public void Enqueue(Partition partition) => _queued.Add(partition);

    public void Flush()
    {
        foreach (var partition in _queued.ToList())
        {
            _queued.Remove(partition);
            partition.Flush();
        }
    }

    public AppendResult Append(IFlushListener? durable = null) =>
        Partition.Append(LogFixture.Batch(["v"]), AppendOrigin.Client, Loop.Now, durable);
}

/// <summary>Keeps the order and the outcome of what it hears.</summary>
internal sealed class Heard(List<Heard> order) : IFlushListener
{
    public ErrorCode? Outcome { get; private set; }

    public void OnFlushed(ErrorCode error)
    {
        Outcome = error;
        order.Add(this);
    }
}
