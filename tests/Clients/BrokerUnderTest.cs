using Confluent.Kafka;
using Millrace.Clients;
using Millrace.Shared;

[assembly: AssemblyFixture(typeof(BrokerUnderTest))]

namespace Millrace.Clients;

/// <summary>
/// The broker that all clients talk to: a process of its own, on free ports, with its data in a temporary folder.
/// <c>MILLRACE_TEST_BOOTSTRAP=host:port</c> asks another one instead, such as Kafka itself.
/// </summary>
public sealed class BrokerUnderTest : IAsyncLifetime
{
    private MillraceServer? _server;
    private int _names;

    public string Bootstrap { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("MILLRACE_TEST_BOOTSTRAP") is { Length: > 0 } other)
        {
            Bootstrap = other;
            return;
        }

        _server = await MillraceServer.Start(
            "--set", "group.consumer.min.heartbeat.interval.ms=500",
            "--set", "group.consumer.heartbeat.interval.ms=500",
            "--set", "group.consumer.min.session.timeout.ms=6000",
            "--set", "group.consumer.session.timeout.ms=6000");
        Bootstrap = _server.Bootstrap;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
            return;
        var code = await _server.Terminate();
        var errors = _server.Errors;
        await _server.DisposeAsync();
        Assert.True(code == 0, $"the broker ended with {code}: {errors}");
    }

    /// <summary>A name that nothing else has, on this broker or in a former run.</summary>
    public string NewName(string prefix) => $"{prefix}-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}";

    public async Task<string> CreateTopic(int partitions = 1, Dictionary<string, string>? configs = null)
    {
        var name = NewName("topic");
        using var admin = Admin();
        await admin.CreateTopicsAsync([new() { Name = name, NumPartitions = partitions, Configs = configs }]);
        return name;
    }

    public IAdminClient Admin() =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).Build();

    public IProducer<byte[]?, byte[]?> Producer(Action<ProducerConfig>? configure = null)
    {
        var config = new ProducerConfig { BootstrapServers = Bootstrap, LingerMs = 5, MessageTimeoutMs = 20_000 };
        configure?.Invoke(config);
        return new ProducerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
    }

    public IConsumer<byte[]?, byte[]?> Consumer(Action<ConsumerConfig>? configure = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = Bootstrap,
            GroupId = NewName("group"),
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnablePartitionEof = false,
        };
        configure?.Invoke(config);
        return new ConsumerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
    }
}
