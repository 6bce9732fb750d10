using System.Net;
using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Broker.Telemetry;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;

namespace Millrace.Broker;

/// <summary>
/// One broker in this process: builds the parts with constructors, starts them in order, and stops them in reverse.
/// </summary>
/// <remarks>
/// <para>1. It listens only when all logs are recovered and the coordinators loaded. 2. <see cref="Dispose"/> flushes
/// and closes every log, then marks the directory as left in order if all of that succeeded.</para>
/// </remarks>
public sealed class Node : IDisposable
{
    private const int CommitterThreads = 4;

    private const int InFlightRequests = 256;
    private const int UnsentBytes = 1 << 20;

    private readonly DataDirectory _directory;
    private readonly Committer _committer;
    private readonly Loop _background;
    private readonly Loop _maintenance;
    private readonly Loop[] _loops;
    private readonly IMetadataLog _metadataLog;
    private readonly ControllerShard _controller;
    private readonly TopicPartitions _topics = new();
    private readonly RetentionTask _retention;
    private readonly CheckpointTask _checkpoints;
    private readonly Loop _cleanerLoop;
    private readonly CleanerTask _cleaner;
    private readonly MetadataPublisher _publisher;
    private readonly Listener _listener;
    private readonly ClientTelemetry _telemetry;
    private readonly Action<string> _log;

    private Node(DataDirectory directory, Listener listener, BrokerSettings settings, Action<string> log)
    {
        _directory = directory;
        _listener = listener;
        _log = log;
        var files = new FileDisk(directory.Path);
        var disk = new FailStopDisk(files, directory.Path);
        _committer = new Committer(CommitterThreads, log);
        _background = new Loop("background", log);
        _maintenance = new Loop("maintenance", log);
        _loops = [.. Enumerable.Range(0, settings.Int("num.network.threads")).Select(i => new Loop($"loop-{i}", log))];

        var coordinators = new GroupCoordinators(_background, settings, new MemberIds()) { Log = log };
        var checkpoints = new LogCheckpoints(disk);
        var markers = new MarkerWriter(_topics, coordinators, _background);
        var transactions = new TransactionCoordinators(_background, settings, markers.WriteAll) { Log = log };
        var share = new ShareGroups(_topics, coordinators, _background, settings, log);
        _publisher = new MetadataPublisher(
            disk, _topics, [coordinators, transactions, share.Coordinators], _committer, settings, Clock.Machine)
        {
            WereLogsClosed = _directory.WasCleanlyShutDown,
            Checkpoints = checkpoints,
            Log = log,
        };
        _metadataLog = OpenMetadataLog(disk, checkpoints, settings);
        var core = new Controller(settings, Randomness.Machine);
        var controller = new ControllerShard(_background, core, _metadataLog, _publisher, settings, log);
        markers.Image = () => controller.Image;
        share.Start(controller);
        coordinators.Send += new InternalTopics(controller, log).Create;
        var (host, port) = AdvertisedAddress(settings);
        controller.Start(
            new NodeState(directory.DirectoryId, Randomness.Machine.NewUuid())
            {
                WasCleanlyShutDown = directory.WasCleanlyShutDown,
                Host = host ?? listener.Address.Address.ToString(),
                Port = host is null ? listener.Address.Port : port,
            },
            new PartitionFolders(disk, log));
        _controller = controller;
        _telemetry = new ClientTelemetry(controller, Randomness.Machine, settings.Int("telemetry.max.bytes"));
        var identity = new NodeIdentity(_directory.ClusterId, settings.NodeId, host, port);
        var limits = new ConnectionLimits(settings.Int("socket.request.max.bytes"), InFlightRequests, UnsentBytes);
        _checkpoints = new CheckpointTask(_topics, _metadataLog, checkpoints, _maintenance, log);
        var dispatcher = new ApiTable
        {
            Node = identity,
            Settings = settings,
            Topics = _topics,
            Checkpoints = _checkpoints,
            Controller = controller,
            Groups = coordinators,
            Share = share,
            Transactions = transactions,
            Markers = markers,
            LogDirectory = new LogDirectory(directory.Path),
            Telemetry = _telemetry,
        }.Dispatcher();
        TellOfRecovery();
        _retention = new RetentionTask(_topics, _maintenance, settings, log);
        _retention.Start();
        _checkpoints.Save();
        _checkpoints.Start();
        new IdleFilesTask(files.CloseIdle, _maintenance).Start();
        _cleanerLoop = new Loop("log-cleaner", log);
        _cleaner = new CleanerTask(_topics, _cleanerLoop, settings, checkpoints, log);
        _cleaner.Start();
        _listener.Start(_loops, dispatcher, limits);
    }

    /// <summary>Where clients connect to.</summary>
    public IPEndPoint Address => _listener.Address;

    /// <summary>The clients that were heard of their metrics, with what each pushed last (KIP-714).</summary>
    public IReadOnlyList<ClientState> Clients => _telemetry.States();

    /// <summary>Starts a broker on the logs in <paramref name="path"/>, which is made if it is not there.</summary>
    /// <param name="trace">Takes a line for each request; null for none.</param>
    /// <exception cref="DataDirectoryException">The directory can't be used.</exception>
    /// <exception cref="InvalidConfigException">A setting can't be used.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address can't be had.</exception>
    /// <exception cref="IOException">A log can't be read or written.</exception>
    public static Node Start(string path, IPEndPoint address, BrokerSettings settings, Action<string> log,
        Action<string>? trace = null)
    {
        var limited = new RateLimitedLog(log, Clock.Machine);
        var directory = DataDirectory.Open(path, settings.NodeId, Randomness.Machine);
        Listener? listener = null;
        try
        {
            listener = new Listener(address, limited.Line)
            {
                Trace = trace is null ? null : new RequestTrace(trace),
                SendBufferBytes = settings.Int("socket.send.buffer.bytes"),
                ReceiveBufferBytes = settings.Int("socket.receive.buffer.bytes"),
            };
            return new Node(directory, listener, settings, limited.Line);
        }
        catch
        {
            listener?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var loop in _loops)
            loop.Dispose();
        _background.Dispose();
        _maintenance.Dispose();
        _cleanerLoop.Dispose();
        _cleaner.Dispose();
        _committer.Dispose();
        var isClean = !_publisher.HasFailed;
        foreach (var partition in _topics.Topics.SelectMany(topic => topic.Partitions))
            isClean &= partition.Log.Close(clean: true);
        isClean &= _controller.Stop();
        _checkpoints.Save();
        _metadataLog.Dispose();
        MarkShutdown(isClean);
        _directory.Dispose();
    }

    private LocalMetadataLog OpenMetadataLog(IDisk disk, LogCheckpoints checkpoints, BrokerSettings settings) =>
        LocalMetadataLog.Open(
            disk,
            new MetadataLogOptions(settings.NodeId)
            {
                RecoveryPoint = checkpoints.RecoveryPointOf(LocalMetadataLog.Partition),
                BytesBetweenSnapshots = settings.Long("metadata.log.max.record.bytes.between.snapshots"),
                MakeReadOnly = _directory.MakeReadOnly,
                Log = _log,
            },
            Clock.Machine.Now);

    private void TellOfRecovery()
    {
        var logs = _topics.Topics.Sum(topic => topic.Partitions.Length);
        if (!_directory.WasCleanlyShutDown && logs > 0)
            _log($"After an unclean stop {logs} {(logs == 1 ? "log was" : "logs were")} checked.");
    }

    private void MarkShutdown(bool isClean)
    {
        try
        {
            if (isClean)
                _directory.MarkCleanShutdown(_controller.BrokerEpoch);
            else
                _log("Not every log could be closed in order: the next start reads them again.");
        }
        catch (IOException failure)
        {
            _log($"The shutdown could not be noted, so the next start reads the logs again: {failure.Message}");
        }
    }

    /// <summary>
    /// The host and port of <c>advertised.listeners</c>, with or without Kafka's <c>PLAINTEXT://</c>.
    /// </summary>
    private static (string? Host, int Port) AdvertisedAddress(BrokerSettings settings)
    {
        const string Key = "advertised.listeners";
        var text = settings.Text(Key);
        if (text.Length == 0)
            return (null, 0);
        var address = text[(text.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 ? scheme + 3 : 0)..];
        var colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address[(colon + 1)..], out var port) && port is > 0 and < 65536
            ? (address[..colon].Trim('[', ']'), port)
            : throw new InvalidConfigException(Key, text, "must be HOST:PORT or PLAINTEXT://HOST:PORT");
    }
}
