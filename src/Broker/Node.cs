using System.Net;
using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Broker.Telemetry;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;

namespace Millrace.Broker;

/// <summary>
/// One broker in this process: builds its machine and its parts with constructors, starts them in order, and stops them
/// in reverse.
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
    private readonly Loop _cleaner;
    private readonly Loop[] _loops;
    private readonly BrokerParts _parts;
    private readonly Listener _listener;
    private readonly Action<string> _log;

    private Node(DataDirectory directory, Listener listener, BrokerSettings settings, Action<string> log)
    {
        _directory = directory;
        _listener = listener;
        _log = log;
        var files = new FileDisk(directory.Path, OpenFiles.ForLogs, CacheBytes(settings.Long("log.page.cache.bytes")));
        _committer = new Committer(CommitterThreads, log) { AfterFlush = files.TrimCache };
        _background = new Loop("background", log);
        _maintenance = new Loop("maintenance", log);
        _cleaner = new Loop("log-cleaner", log);
        _loops = [.. Enumerable.Range(0, settings.Int("num.network.threads")).Select(i => new Loop($"loop-{i}", log))];
        _parts = new BrokerParts(
            new BrokerMachine
            {
                Disk = new FailStopDisk(files, directory.Path),
                FlushQueue = _committer,
                Background = _background,
                Maintenance = _maintenance,
                Cleaner = _cleaner,
                Randomness = Randomness.Machine,
                MemberIds = new MemberIds(),
                LogDirectory = new LogDirectory(directory.Path),
                Log = log,
                MakeReadOnly = directory.MakeReadOnly,
            },
            settings,
            directory.WasCleanlyShutDown);
        var (host, port) = AdvertisedAddress(settings);
        _parts.Recover(new NodeState(directory.DirectoryId, Randomness.Machine.NewUuid())
        {
            WasCleanlyShutDown = directory.WasCleanlyShutDown,
            Host = host ?? listener.Address.Address.ToString(),
            Port = host is null ? listener.Address.Port : port,
        });
        TellOfRecovery();
        _parts.StartTasks();
        new IdleFilesTask(files.CloseIdle, _maintenance).Start();
        _listener.Start(
            _loops,
            _parts.Apis(new NodeIdentity(directory.ClusterId, settings.NodeId, host, port)).Dispatcher(),
            new ConnectionLimits(settings.Int("socket.request.max.bytes"), InFlightRequests, UnsentBytes));
    }

    /// <summary>Where clients connect to.</summary>
    public IPEndPoint Address => _listener.Address;

    /// <summary>The clients that were heard of their metrics, with what each pushed last (KIP-714).</summary>
    public IReadOnlyList<ClientState> Clients => _parts.Telemetry.States();

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
        _cleaner.Dispose();
        _parts.StopCleaner();
        _committer.Dispose();
        MarkShutdown(_parts.Close());
        _directory.Dispose();
    }

    private void TellOfRecovery()
    {
        var logs = _parts.Topics.Topics.Sum(topic => topic.Partitions.Length);
        if (!_directory.WasCleanlyShutDown && logs > 0)
            _log($"After an unclean stop {logs} {(logs == 1 ? "log was" : "logs were")} checked.");
    }

    private void MarkShutdown(bool isClean)
    {
        try
        {
            if (isClean)
                _directory.MarkCleanShutdown(_parts.Controller.BrokerEpoch);
            else
                _log("Not every log could be closed in order: the next start reads them again.");
        }
        catch (IOException failure)
        {
            _log($"The shutdown could not be noted, so the next start reads the logs again: {failure.Message}");
        }
    }

    private static long CacheBytes(long setting) => setting == 0 ? WrittenPages.DefaultBudget : setting;

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
