using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Broker.Telemetry;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;

namespace Millrace.Broker;

/// <summary>
/// The parts of a broker between its machine and its table of APIs: built with constructors, then recovered, then at
/// work, then closed.
/// </summary>
/// <remarks>
/// <para>Owned by the node, or by a simulated one: what is simulated is composed as what is served.</para>
/// </remarks>
internal sealed class BrokerParts
{
    private readonly BrokerMachine _machine;
    private readonly BrokerSettings _settings;
    private readonly MetadataPublisher _publisher;
    private readonly IMetadataLog _metadataLog;
    private readonly GroupCoordinators _groups;
    private readonly ShareGroups _share;
    private readonly CheckpointTask _checkpoints;
    private readonly RetentionTask _retention;
    private readonly CleanerTask _cleaner;

    /// <exception cref="IOException">The metadata log can't be read or written.</exception>
    public BrokerParts(BrokerMachine machine, BrokerSettings settings, bool wereLogsClosed)
    {
        _machine = machine;
        _settings = settings;
        var (disk, background, log) = (machine.Disk, machine.Background, machine.Log);
        _groups = new GroupCoordinators(background, settings, machine.MemberIds) { Log = log };
        var checkpoints = new LogCheckpoints(disk);
        Markers = new MarkerWriter(Topics, _groups, background);
        Transactions = new TransactionCoordinators(background, settings) { Log = log, WriteMarkers = Markers.WriteAll };
        _share = new ShareGroups(Topics, _groups, background, settings, log);
        _publisher = new MetadataPublisher(
            disk, Topics, [_groups, Transactions, _share.Coordinators], machine.FlushQueue, settings, background)
        {
            WereLogsClosed = wereLogsClosed,
            Checkpoints = checkpoints,
            Log = log,
        };
        _metadataLog = OpenMetadataLog(checkpoints);
        Controller = new ControllerShard(
            background, new Controller(settings, machine.Randomness), _metadataLog, _publisher, settings, log);
        Markers.Image = () => Controller.Image;
        _share.Start(Controller);
        _groups.Send += new InternalTopics(Controller, log).Create;
        Telemetry = new ClientTelemetry(Controller, machine.Randomness, settings.Int("telemetry.max.bytes"));
        _checkpoints = new CheckpointTask(Topics, _metadataLog, checkpoints, machine.Maintenance, log);
        _retention = new RetentionTask(Topics, machine.Maintenance, settings, log);
        _cleaner = new CleanerTask(Topics, machine.Cleaner, settings, checkpoints, log);
    }

    public TopicPartitions Topics { get; } = new();

    public ControllerShard Controller { get; }

    public TransactionCoordinators Transactions { get; }

    public MarkerWriter Markers { get; }

    public ClientTelemetry Telemetry { get; }

    /// <summary>Opens all logs and loads the coordinators.</summary>
    /// <exception cref="IOException">A log can't be read or written.</exception>
    public void Recover(NodeState node) => Controller.Start(node, new PartitionFolders(_machine.Disk, _machine.Log));

    /// <summary>Begins what is done now and then.</summary>
    public void StartTasks()
    {
        _retention.Start();
        _checkpoints.Save();
        _checkpoints.Start();
        _cleaner.Start();
    }

    public ApiTable Apis(NodeIdentity node) => new()
    {
        Node = node,
        Settings = _settings,
        Topics = Topics,
        Checkpoints = _checkpoints,
        Controller = Controller,
        Groups = _groups,
        Share = _share,
        Transactions = Transactions,
        Markers = Markers,
        LogDirectory = _machine.LogDirectory,
        Telemetry = Telemetry,
        Randomness = _machine.Randomness,
    };

    /// <summary>
    /// Gives up a cleaning that is under way. When its loop has ended, and before the flush queue does.
    /// </summary>
    public void StopCleaner() => _cleaner.Dispose();

    /// <summary>
    /// Flushes and closes every log, when nothing else runs any more. False if not all could be closed in order.
    /// </summary>
    public bool Close()
    {
        var isClean = !_publisher.HasFailed;
        foreach (var partition in Topics.Topics.SelectMany(topic => topic.Partitions))
            isClean &= partition.Log.Close(clean: true);
        isClean &= Controller.Stop();
        _checkpoints.Save();
        _metadataLog.Dispose();
        return isClean;
    }

    private LocalMetadataLog OpenMetadataLog(LogCheckpoints checkpoints) => LocalMetadataLog.Open(
        _machine.Disk,
        new MetadataLogOptions(_settings.NodeId)
        {
            RecoveryPoint = checkpoints.RecoveryPointOf(LocalMetadataLog.Partition),
            BytesBetweenSnapshots = _settings.Long("metadata.log.max.record.bytes.between.snapshots"),
            MakeReadOnly = _machine.MakeReadOnly,
            Log = _machine.Log,
        },
        _machine.Background.Now);
}
