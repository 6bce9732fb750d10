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
            EnableAutoCommit = false,
            SessionTimeoutMs = 10_000,
            HeartbeatIntervalMs = 500,
            FetchWaitMaxMs = 50,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            TopicMetadataRefreshIntervalMs = 200,
            AllowAutoCreateTopics = true,
        };
        _observer = Build(config);
        _consumer = Build(config);
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

    private static IConsumer<string, string> Build(ConsumerConfig config) =>
        new ConsumerBuilder<string, string>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();

    private void Run()
    {
        var read = 0;
        while (!_stop.IsCancellationRequested)
        {
            if (Consume() && ++read % 200 == 0)
                Commit();
        }
    }

    /// <summary>Whether a record came; while the topic is not there yet, none does.</summary>
    private bool Consume()
    {
        try
        {
            return _consumer.Consume(100) is not null;
        }
        catch (ConsumeException unknown) when (unknown.Error.Code == ErrorCode.UnknownTopicOrPart)
        {
            return false;
        }
    }

    private void Commit()
    {
        try
        {
            var committed = _consumer.Commit();
            lock (_acknowledged)
            {
                foreach (var one in committed.Where(one => one.Offset.Value >= 0))
                {
                    var before = _acknowledged.GetValueOrDefault(one.TopicPartition, -1);
                    _acknowledged[one.TopicPartition] = Math.Max(before, one.Offset.Value);
                }
            }

            Interlocked.Increment(ref _commits);
        }
        catch (KafkaException)
        {
            // The broker is away, or takes this member in again: the next commit says more.
        }
    }
}
