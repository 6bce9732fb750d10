using Millrace.Broker;
using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Fetching;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Groups;
using Millrace.Broker.Requests.Transactions;
using Millrace.Broker.Share;
using Millrace.Core.Controller;
using Millrace.Core.Groups;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Machine;

/// <summary>
/// One life of the broker: the real parts, composed as the node composes them, on simulated loops, time and disk.
/// </summary>
/// <remarks>
/// <para>Owned by the world. 1. Once it is dead nothing of it runs any more. 2. Its disk is its own: the next life gets
/// what this one has left.</para>
/// </remarks>
internal sealed class SimBroker
{
    /// <summary>Few, so that snapshots take the log's place in a run.</summary>
    private const long SnapshotBytes = 20_000;

    private const string CleanShutdown = ".kafka_cleanshutdown";

    private readonly World _world;
    private readonly IDisk _disk;
    private readonly SimFlushQueue _flushQueue;
    private readonly VirtualLoop _background;
    private readonly VirtualLoop _maintenance;
    private readonly VirtualLoop _cleanerLoop;
    private readonly VirtualLoop[] _loops;
    private IMetadataLog? _metadataLog;
    private MetadataPublisher? _publisher;
    private CheckpointTask? _checkpoints;
    private CleanerTask? _cleaner;
    private ControllerShard? _controller;

    public SimBroker(World world, IDisk disk)
    {
        _world = world;
        _disk = new FailStopDisk(disk, "data");
        _flushQueue = new SimFlushQueue(world, this);
        _background = new VirtualLoop(world, this, Lane.Background);
        _maintenance = new VirtualLoop(world, this, Lane.Maintenance);
        _cleanerLoop = new VirtualLoop(world, this, Lane.Cleaner);
        _loops = [new VirtualLoop(world, this, Lane.Connections), new VirtualLoop(world, this, Lane.Connections)];
    }

    public bool IsDead { get; private set; }

    /// <summary>The loops run, and the threads that flush: not before the end of the start, nor in a stop.</summary>
    public bool IsRunning { get; private set; } = true;

    public bool WasCleanlyShutDown { get; private set; }

    public TopicPartitions Topics { get; } = new();

    public ClusterImage Image => _controller!.Image;

    public RequestDispatcher? Dispatcher { get; private set; }

    /// <summary>What the broker told its operator.</summary>
    public List<string> Told { get; } = [];

    /// <exception cref="IOException">A log can't be read or written.</exception>
    /// <exception cref="ProcessDiedException">The machine failed in the middle of it.</exception>
    public void Start()
    {
        var settings = _world.Scenario.Settings;
        WasCleanlyShutDown = _disk.Exists(CleanShutdown);
        _disk.Delete(CleanShutdown);
        _disk.FlushDirectory("");
        var coordinators = new GroupCoordinators(_background, settings, _world.Ids) { Log = Log };
        var share = new ShareGroups(Topics, coordinators, _background, settings, Log);
        var checkpoints = new LogCheckpoints(_disk);
        var markers = new MarkerWriter(Topics, coordinators, _background);
        var transactions = new TransactionCoordinators(
            _background, settings, PlantedBugs.Into(_world.Bug, markers, _background))
        { Log = Log };
        _publisher = new MetadataPublisher(
            _disk, Topics, [coordinators, transactions, share.Coordinators], _flushQueue, settings, _background)
        {
            WereLogsClosed = WasCleanlyShutDown,
            Checkpoints = checkpoints,
            Log = Log,
        };
        _metadataLog = LocalMetadataLog.Open(
            _disk,
            new MetadataLogOptions(settings.NodeId)
            {
                RecoveryPoint = checkpoints.RecoveryPointOf(LocalMetadataLog.Partition),
                BytesBetweenSnapshots = SnapshotBytes,
                Log = Log,
            },
            _background.Now);
        var core = new Controller(settings, _world.Ids);
        _controller = new ControllerShard(_background, core, _metadataLog, _publisher, settings, Log);
        markers.Image = () => _controller.Image;
        share.Start(_controller);
        _controller.Start(
            new NodeState(new Uuid(2, 2), _world.Ids.NewUuid())
            {
                WasCleanlyShutDown = WasCleanlyShutDown,
                Host = "127.0.0.1",
                Port = 9092,
            },
            new PartitionFolders(_disk, Log));
        new RetentionTask(Topics, _maintenance, settings, Log).Start();
        _checkpoints = new CheckpointTask(Topics, _metadataLog, checkpoints, _maintenance, Log);
        _checkpoints.Save();
        _checkpoints.Start();
        _cleaner = new CleanerTask(Topics, _cleanerLoop, settings, checkpoints, Log);
        _cleaner.Start();
        Dispatcher = Serve(_controller, coordinators, share, transactions, markers);
    }

    public VirtualLoop LoopFor(int connection) => _loops[connection % _loops.Length];

    /// <summary>Stops in order, as the node does.</summary>
    public void Stop()
    {
        IsRunning = false;
        _cleaner!.Dispose();
        _flushQueue.Drain();
        var isClean = !_publisher!.HasFailed;
        foreach (var partition in Topics.Topics.SelectMany(topic => topic.Partitions))
            isClean &= partition.Log.Close(clean: true);
        isClean &= _controller!.Stop();
        _checkpoints!.Save();
        _metadataLog!.Dispose();
        if (isClean)
            DiskFiles.WriteAtomically(_disk, CleanShutdown, """{"version":0,"brokerEpoch":-1}""");
        Die();
    }

    /// <summary>The process is gone.</summary>
    public void Die() => (IsDead, IsRunning) = (true, false);

    public void Log(string line)
    {
        Told.Add(line);
        _world.Trace.Line($"broker says: {line}");
    }

    /// <summary>
    /// Runs a piece of the broker's work; what it throws tells of a bug, but for a process that has died.
    /// </summary>
    public void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (ProcessDiedException)
        {
            throw;
        }
        catch (InvariantBrokenException broken) when (_world.Faults.MayStopTheProcess)
        {
            Log(broken.Message);
            throw new ProcessDiedException();
        }
        catch (IOException failure) when (_world.Faults.HasFailed)
        {
            Log($"A piece of work failed: {failure.Message}");
        }
        catch (Exception failure)
        {
            _world.Fail($"the broker failed: {failure}");
        }
    }

    private RequestDispatcher Serve(
        ControllerShard controller, GroupCoordinators coordinators, ShareGroups share,
        TransactionCoordinators transactions, MarkerWriter markers)
    {
        var settings = _world.Scenario.Settings;
        var producerIds = new ProducerIds(controller);
        var verifier = new TransactionVerifier(transactions);
        var node = new NodeIdentity(new Uuid(1, 1).ToString(), settings.NodeId, null, 0);
        var handlers = new Dictionary<ApiKey, RequestHandler>(share.Handlers())
        {
            [ApiKey.Produce] = new ProduceHandler(Topics, verifier),
            [ApiKey.Fetch] = new FetchHandler(Topics, settings, new FetchSessions(1000, _world.Ids)),
            [ApiKey.ListOffsets] = new ListOffsetsHandler(Topics),
            [ApiKey.OffsetCommit] = new OffsetCommitHandler(coordinators, Topics),
            [ApiKey.OffsetFetch] = new OffsetFetchHandler(coordinators, Topics),
            [ApiKey.FindCoordinator] = new FindCoordinatorHandler(Topics, controller, node),
            [ApiKey.JoinGroup] = new JoinGroupHandler(coordinators),
            [ApiKey.Heartbeat] = new HeartbeatHandler(coordinators),
            [ApiKey.LeaveGroup] = new LeaveGroupHandler(coordinators),
            [ApiKey.SyncGroup] = new SyncGroupHandler(coordinators),
            [ApiKey.ConsumerGroupHeartbeat] = new ConsumerGroupHeartbeatHandler(coordinators),
            [ApiKey.CreateTopics] = new CreateTopicsHandler(controller),
            [ApiKey.DeleteTopics] = new DeleteTopicsHandler(controller),
            [ApiKey.DeleteRecords] = new DeleteRecordsHandler(Topics, _checkpoints!),
            [ApiKey.InitProducerId] = new InitProducerIdHandler(producerIds, transactions),
            [ApiKey.AddPartitionsToTxn] = new AddPartitionsToTxnHandler(transactions, Topics),
            [ApiKey.AddOffsetsToTxn] = new AddOffsetsToTxnHandler(transactions, coordinators),
            [ApiKey.EndTxn] = new EndTxnHandler(producerIds, transactions),
            [ApiKey.WriteTxnMarkers] = new WriteTxnMarkersHandler(markers),
            [ApiKey.TxnOffsetCommit] = new TxnOffsetCommitHandler(verifier, coordinators, Topics),
            [ApiKey.ListTransactions] = new ListTransactionsHandler(transactions),
            [ApiKey.CreatePartitions] = new CreatePartitionsHandler(controller),
        };
        return new RequestDispatcher(PlantedBugs.Into(_world.Bug, handlers));
    }
}

/// <summary>The broker's process has ended in the middle of something: nothing of it may go on.</summary>
internal sealed class ProcessDiedException() : Exception("The process has died.");

/// <summary>Unique names from the seed.</summary>
internal sealed class SeededIds(Random random) : IRandomness, IMemberIds
{
    private int _last;

    public Uuid NewUuid() => new((ulong)random.NextInt64(1, long.MaxValue) >> 4, (ulong)random.NextInt64());

    public string Next() => $"{++_last}";
}
