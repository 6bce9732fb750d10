using Millrace.Broker;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Fuzz;

/// <summary>
/// One life of the broker: the real parts and the whole table of APIs, composed as the node composes them, on one
/// simulated loop and disk, without sockets.
/// </summary>
/// <remarks>
/// <para>Owned by a round. 1. Everything runs on the caller's thread, when the caller lets it. 2. What the broker tells
/// its operator is in <see cref="Told"/>.</para>
/// </remarks>
internal sealed class FuzzedBroker : IFlushQueue
{
    private const string CleanShutdown = ".kafka_cleanshutdown";

    private readonly IDisk _disk;
    private readonly BrokerParts _parts;

    /// <exception cref="IOException">A log can't be read or written.</exception>
    public FuzzedBroker(SimDisk disk, SeededIds ids)
    {
        var settings = new BrokerSettings(new Dictionary<string, string>
        {
            ["offsets.topic.num.partitions"] = "2",
            ["transaction.state.log.num.partitions"] = "2",
            ["share.coordinator.state.topic.num.partitions"] = "2",
            ["group.initial.rebalance.delay.ms"] = "100",
            ["metadata.log.max.record.bytes.between.snapshots"] = "100000", // so that they come within a round
        });
        _disk = new FailStopDisk(disk, "data");
        var wasCleanlyShutDown = _disk.Exists(CleanShutdown);
        _disk.Delete(CleanShutdown);
        _disk.FlushDirectory("");
        var machine = new BrokerMachine
        {
            Disk = _disk,
            FlushQueue = this,
            Background = Loop,
            Maintenance = Loop,
            Cleaner = Loop,
            Randomness = ids,
            MemberIds = ids,
            LogDirectory = new SimLogDirectory(),
            Log = Tell,
        };
        _parts = new BrokerParts(machine, settings, wasCleanlyShutDown);
        _parts.Recover(new NodeState(new Uuid(2, 2), ids.NewUuid())
        {
            WasCleanlyShutDown = wasCleanlyShutDown,
            Host = "127.0.0.1",
            Port = 9092,
        });
        _parts.StartTasks();
        Dispatcher = _parts.Apis(new NodeIdentity(new Uuid(1, 1).ToString(), settings.NodeId, null, 0)).Dispatcher();
        Loop.RunPosted();
    }

    public SimLoop Loop { get; } = new();

    public StringCache Strings { get; } = new();

    public TopicPartitions Topics => _parts.Topics;

    public ClusterImage Image => _parts.Controller.Image;

    public RequestDispatcher Dispatcher { get; }

    public List<string> Told { get; } = [];

    public void Enqueue(Partition partition)
    {
        if (partition.FlushState != 0)
            return;
        partition.FlushState = 1;
        Loop.Post(() =>
        {
            partition.FlushState = 0;
            partition.Flush();
            if (partition.TakeFailure() is { } text)
                Tell(text);
        });
    }

    /// <summary>Stops in order, as the node does.</summary>
    public void Stop()
    {
        Loop.RunPosted();
        if (_parts.Close())
            DiskFiles.WriteAtomically(_disk, CleanShutdown, """{"version":0,"brokerEpoch":-1}""");
        else
            Tell("not every log could be closed in order");
    }

    private void Tell(string line) => Told.Add(line);
}
