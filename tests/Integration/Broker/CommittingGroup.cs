using Confluent.Kafka;

namespace Millrace.Integration.Broker;

/// <summary>A group of one consumer that reads and commits all the time, and knows what was acknowledged.</summary>
internal sealed class CommittingGroup : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly IConsumer<string, string> _consumer;
    private readonly IConsumer<string, string> _observer;
    private readonly List<TopicPartition> _partitions;
    private readonly Dictionary<TopicPartition, long> _acknowledged = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _commits;

    public CommittingGroup(string bootstrap, string topic, int partitions)
    {
        _partitions = [.. Enumerable.Range(0, partitions).Select(number => new TopicPartition(topic, number))];
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "committing",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            AutoCommitIntervalMs = 20,
            SessionTimeoutMs = 10_000,
            HeartbeatIntervalMs = 500,
            FetchWaitMaxMs = 50,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            TopicMetadataRefreshIntervalMs = 200,
            AllowAutoCreateTopics = true,
        };
        _observer = Builder(config).Build();
        _consumer = Builder(config).SetOffsetsCommittedHandler((_, committed) => Committed(committed)).Build();
        _consumer.Subscribe(topic);
        _running = Task.Run(Run);
    }

    public int Commits => _running.IsFaulted ? throw _running.Exception : Volatile.Read(ref _commits);

    /// <summary>The highest offsets whose commit was acknowledged by now.</summary>
    public Dictionary<TopicPartition, long> Acknowledged
    {
        get
        {
            lock (_acknowledged)
                return new(_acknowledged);
        }
    }

    /// <summary>What the broker holds is not below what it acknowledged.</summary>
    public void AssertHasNotGoneBack(Dictionary<TopicPartition, long> acknowledged)
    {
        var held = _observer.Committed(_partitions, Patience)
            .ToDictionary(committed => committed.TopicPartition, committed => committed.Offset.Value);
        Assert.NotEmpty(acknowledged);
        Assert.All(acknowledged, one => Assert.True(
            held[one.Key] >= one.Value, $"{one.Key}: {one.Value} was acknowledged, {held[one.Key]} is committed"));
    }

    public override string ToString() => $"{_commits} commits";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _consumer.Dispose();
        _observer.Dispose();
        _stop.Dispose();
    }

    private static ConsumerBuilder<string, string> Builder(ConsumerConfig config) =>
        new ConsumerBuilder<string, string>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { });

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _consumer.Consume(100);
            }
            catch (ConsumeException unknown) when (unknown.Error.Code == ErrorCode.UnknownTopicOrPart)
            {
                // The topic is not there yet.
            }
        }
    }

    /// <summary>Called while the consumer consumes: a commit of its own would wait for a broker that is away.</summary>
    private void Committed(CommittedOffsets committed)
    {
        var offsets = committed.Offsets.Where(one => !one.Error.IsError && one.Offset.Value >= 0).ToList();
        if (committed.Error.IsError || offsets.Count == 0)
            return;
        lock (_acknowledged)
        {
            foreach (var one in offsets)
            {
                var before = _acknowledged.GetValueOrDefault(one.TopicPartition, -1);
                _acknowledged[one.TopicPartition] = Math.Max(before, one.Offset.Value);
            }
        }

        Interlocked.Increment(ref _commits);
    }
}
