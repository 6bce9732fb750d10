using Millrace.Broker.Partitions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;
using Millrace.Simulation.Clients;
using Millrace.Simulation.Ledgers;
using Millrace.Simulation.Machine;

namespace Millrace.Simulation;

/// <summary>
/// One seed: a broker on a disk over several lives, clients that work against it, and what they know of it.
/// </summary>
/// <remarks>
/// <para>1. All that happens follows from the seed: the same seed gives the same trace. 2. The first thing that must
/// not be ends it.</para>
/// </remarks>
internal sealed partial class World
{
    public const string VolatilePrefix = "volatile";

    private readonly List<ClientConnection> _connections = [];
    private readonly Dictionary<Partition, long> _flushedAtFailure = [];
    private readonly HashSet<string> _heard = [];
    private bool _isQuiet;
    private bool _wasFull;

    public World(int seed, PlantedBug bug = PlantedBug.None, Action<string>? print = null)
    {
        Seed = seed;
        Bug = bug;
        var random = new Random(seed);
        Chance = new Random(random.Next());
        Ids = new SeededIds(new Random(random.Next()));
        Time = new VirtualTime(new Random(random.Next())) { IsOver = () => Failure is not null };
        Scenario = new Scenario(new Random(random.Next()));
        Trace = new Trace(() => Time.Microseconds, print);
        Ledger = new Ledger(this);
        Ownership = new Ownership(this);
        Shares = new ShareLedger(this);
        Faults = new DiskFaults(this) { FlushFailed = NoteFlushed };
    }

    public int Seed { get; }

    public PlantedBug Bug { get; }

    public Random Chance { get; }

    public SeededIds Ids { get; }

    public VirtualTime Time { get; }

    public Scenario Scenario { get; }

    public Trace Trace { get; }

    public Sometimes Sometimes { get; } = new();

    public Ledger Ledger { get; }

    public Ownership Ownership { get; }

    public ShareLedger Shares { get; }

    public DiskFaults Faults { get; }

    public SimDisk Disk { get; private set; } = new();

    public SimBroker? Broker { get; private set; }

    public int PowerCuts { get; private set; }

    /// <summary>How often the broker was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Clients begin no new work.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>The first thing that must not be; null while all is well.</summary>
    public string? Failure { get; private set; }

    public void Fail(string what)
    {
        if (Failure is not null)
            return;
        Failure = what;
        Trace.Line($"VIOLATION: {what}");
    }

    public ClientConnection? Connect()
    {
        if (Broker is not { IsRunning: true, Dispatcher: not null })
            return null;
        var connection = new ClientConnection(this, Broker, _connections.Count);
        _connections.Add(connection);
        return connection;
    }

    public bool LosesAConnection()
    {
        if (!Scenario.LosesConnections || _isQuiet || Chance.Next(100) > 0)
            return false;
        Sometimes.Count(Rare.ConnectionLost);
        return true;
    }

    public TopicLedger? PickTopic(Random random)
    {
        var topics = Ledger.Topics.Where(topic => !topic.MayBeGone && !topic.IsGone).ToList();
        return topics.Count == 0 ? null : topics[random.Next(topics.Count)];
    }

    public bool IsVolatile(TopicLedger topic) => topic.Name.StartsWith(VolatilePrefix, StringComparison.Ordinal);

    public long LogEnd(TopicLedger topic, int partition) =>
        TopicPartitions.Find(Broker?.Topics.Find(topic.Id), partition)?.Log.LogEndOffset.Value ?? 0;

    /// <summary>The broker has decided an answer: all that must hold at every step is looked at.</summary>
    public void Answering(IMessage request, IMessage response)
    {
        if (request is ProduceRequest { Acks: -1 } && response is ProduceResponse produced)
            CheckPromise(produced);
        if (response is FetchResponse fetched && !Faults.HasFailed
            && fetched.Responses.Any(topic => topic.Partitions.Any(p => p.ErrorCode == ErrorCode.KafkaStorageError)))
            Fail("a fetch is refused, and the disk has refused nothing but room");
        CheckStep();
    }

    private void CheckPromise(ProduceResponse response)
    {
        foreach (var topic in response.Responses)
        {
            foreach (var answer in topic.PartitionResponses)
            {
                var hosted = topic.TopicId.IsZero
                    ? Broker!.Topics.Find(topic.Name)
                    : Broker!.Topics.Find(topic.TopicId);
                if (answer.ErrorCode == ErrorCode.KafkaStorageError && !Faults.HasFailed
                    && Disk.Capacity < long.MaxValue)
                {
                    Sometimes.Count(Rare.DiskFullRefused);
                    _wasFull = true;
                }

                if (answer.ErrorCode == ErrorCode.None && Faults.HasFlushFailed
                    && TopicPartitions.Find(hosted, answer.Index) is { } partition
                    && answer.BaseOffset >= _flushedAtFailure.GetValueOrDefault(partition))
                    Fail($"{partition.Id}: acks=all for offset {answer.BaseOffset} after a flush has failed");
            }
        }
    }

    private void CheckStep()
    {
        if (Bug == PlantedBug.IndexOffByOne)
            PlantedBugs.ShiftIndexes(Hosted.Select(partition => partition.Log.Segments[^1]));
        foreach (var topic in Ledger.Topics)
        {
            if (topic.IsGone || Broker!.Topics.Find(topic.Id) is not { } hosted)
                continue;
            for (var i = 0; i < Math.Min(topic.Partitions.Count, hosted.Partitions.Length); i++)
            {
                var (ledger, partition) = (topic.Partitions[i], hosted.Partitions[i]);
                ledger.Observe(partition.HighWatermark.Value, partition.Log.LogStartOffset.Value);
                if (partition.HighWatermark > partition.Log.LogEndOffset
                    || partition.Log.FlushedOffset > partition.Log.LogEndOffset)
                    Fail($"{partition.Id}: the high watermark or what is flushed is above the log's end");
                if (ledger.IsDurable && partition.HighWatermark > partition.Log.FlushedOffset)
                    Fail($"{partition.Id}: records of acks=all can be seen and are not on stable storage");
            }
        }
    }

    private void NoteFlushed()
    {
        foreach (var partition in Broker!.Topics.Topics.SelectMany(topic => topic.Partitions))
            _flushedAtFailure.TryAdd(partition, partition.Log.FlushedOffset.Value);
    }

    private IEnumerable<Partition> Hosted => Broker!.Topics.Topics.SelectMany(topic => topic.Partitions);
}
