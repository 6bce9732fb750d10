using Confluent.Kafka;

namespace Millrace.Integration.Broker;

/// <summary>A member of a group that has nothing to read; it leaves when it is disposed.</summary>
internal sealed class AssignedMember : IAsyncDisposable
{
    private readonly IConsumer<string, string> _consumer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly HashSet<int> _assigned = [];

    /// <param name="strategy">That of the classic protocol.</param>
    public AssignedMember(
        string bootstrap, string topic, GroupProtocol protocol, PartitionAssignmentStrategy? strategy)
    {
        var config = new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "group", GroupProtocol = protocol };
        if (strategy is not null)
            (config.PartitionAssignmentStrategy, config.HeartbeatIntervalMs) = (strategy, 500);
        _consumer = new ConsumerBuilder<string, string>(config)
            .SetPartitionsAssignedHandler((_, given) => Change(given, _assigned.UnionWith))
            .SetPartitionsRevokedHandler((_, taken) => Change(
                taken.Select(partition => partition.TopicPartition), _assigned.ExceptWith))
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        _consumer.Subscribe(topic);
        _running = Task.Factory.StartNew(Run, TaskCreationOptions.LongRunning);
    }

    /// <summary>The partitions that it has by now.</summary>
    public HashSet<int> Assigned
    {
        get
        {
            lock (_assigned)
                return [.. _assigned];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _consumer.Dispose();
        _stop.Dispose();
    }

    public override string ToString() => $"{Assigned.Count}";

    private void Run()
    {
        try
        {
            while (true)
                _consumer.Consume(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            _consumer.Close();
        }
    }

    private void Change(IEnumerable<TopicPartition> partitions, Action<IEnumerable<int>> change)
    {
        lock (_assigned)
            change(partitions.Select(partition => partition.Partition.Value));
    }
}
