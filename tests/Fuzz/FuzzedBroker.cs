using Millrace.Broker;
using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Share;
using Millrace.Broker.Telemetry;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Groups;
using Millrace.Core.Log;
using Millrace.Core.Model;
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
internal sealed class FuzzedBroker : IFlushQueue, ILogDirectory
{
    private const string CleanShutdown = ".kafka_cleanshutdown";
    private const long Terabyte = 1L << 40;

    /// <summary>Few, so that snapshots take the log's place in a round.</summary>
    private const long SnapshotBytes = 100_000;

    private readonly IDisk _disk;
    private readonly MetadataPublisher _publisher;
    private readonly IMetadataLog _metadataLog;
    private readonly ControllerShard _controller;
    private readonly CheckpointTask _checkpoints;

    /// <exception cref="IOException">A log can't be read or written.</exception>
    public FuzzedBroker(SimDisk disk, SeededIds ids)
    {
        var settings = new BrokerSettings(new Dictionary<string, string>
        {
            ["offsets.topic.num.partitions"] = "2",
            ["transaction.state.log.num.partitions"] = "2",
            ["share.coordinator.state.topic.num.partitions"] = "2",
            ["group.initial.rebalance.delay.ms"] = "100",
        });
        _disk = new FailStopDisk(disk, "data");
        var wasCleanlyShutDown = _disk.Exists(CleanShutdown);
        _disk.Delete(CleanShutdown);
        _disk.FlushDirectory("");
        var coordinators = new GroupCoordinators(Loop, settings, ids) { Log = Tell };
        var checkpoints = new LogCheckpoints(_disk);
        var markers = new MarkerWriter(Topics, coordinators, Loop);
        var transactions = new TransactionCoordinators(Loop, settings, markers.WriteAll) { Log = Tell };
        var share = new ShareGroups(Topics, coordinators, Loop, settings, Tell);
        _publisher = new MetadataPublisher(
            _disk, Topics, [coordinators, transactions, share.Coordinators], this, settings, Loop)
        {
            WereLogsClosed = wasCleanlyShutDown,
            Checkpoints = checkpoints,
            Log = Tell,
        };
        _metadataLog = LocalMetadataLog.Open(
            _disk,
            new MetadataLogOptions(settings.NodeId)
            {
                RecoveryPoint = checkpoints.RecoveryPointOf(LocalMetadataLog.Partition),
                BytesBetweenSnapshots = SnapshotBytes,
                Log = Tell,
            },
            Loop.Now);
        _controller = new ControllerShard(
            Loop, new Controller(settings, ids), _metadataLog, _publisher, settings, Tell);
        markers.Image = () => _controller.Image;
        share.Start(_controller);
        coordinators.Send += new InternalTopics(_controller, Tell).Create;
        _controller.Start(
            new NodeState(new Uuid(2, 2), ids.NewUuid())
            {
                WasCleanlyShutDown = wasCleanlyShutDown,
                Host = "127.0.0.1",
                Port = 9092,
            },
            new PartitionFolders(_disk, Tell));
        _checkpoints = new CheckpointTask(Topics, _metadataLog, checkpoints, Loop, Tell);
        Dispatcher = new ApiTable
        {
            Node = new NodeIdentity(new Uuid(1, 1).ToString(), settings.NodeId, null, 0),
            Settings = settings,
            Topics = Topics,
            Checkpoints = _checkpoints,
            Controller = _controller,
            Groups = coordinators,
            Share = share,
            Transactions = transactions,
            Markers = markers,
            LogDirectory = this,
            Telemetry = new ClientTelemetry(_controller, ids, settings.Int("telemetry.max.bytes")),
        }.Dispatcher();
        new RetentionTask(Topics, Loop, settings, Tell).Start();
        _checkpoints.Save();
        _checkpoints.Start();
        new CleanerTask(Topics, Loop, settings, checkpoints, Tell).Start();
        Loop.RunPosted();
    }

    public SimLoop Loop { get; } = new();

    public StringCache Strings { get; } = new();

    public TopicPartitions Topics { get; } = new();

    public ClusterImage Image => _controller.Image;

    public RequestDispatcher Dispatcher { get; }

    public List<string> Told { get; } = [];

    string ILogDirectory.Path => "/data";

    (long Total, long Usable) ILogDirectory.Space() => (Terabyte, Terabyte);

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
        var isClean = !_publisher.HasFailed;
        foreach (var partition in Topics.Topics.SelectMany(topic => topic.Partitions))
            isClean &= partition.Log.Close(clean: true);
        isClean &= _controller.Stop();
        _checkpoints.Save();
        _metadataLog.Dispose();
        if (isClean)
            DiskFiles.WriteAtomically(_disk, CleanShutdown, """{"version":0,"brokerEpoch":-1}""");
        else
            Tell("not every log could be closed in order");
    }

    private void Tell(string line) => Told.Add(line);
}

/// <summary>Unique names from the seed.</summary>
internal sealed class SeededIds(Random random) : IRandomness, IMemberIds
{
    private int _last;

    public Uuid NewUuid() => new((ulong)random.NextInt64(1, long.MaxValue) >> 4, (ulong)random.NextInt64());

    public string Next() => $"{++_last}";
}
