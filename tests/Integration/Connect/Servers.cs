namespace Millrace.Integration.Connect;

/// <summary>One PostgreSQL and one Kafka for all tests of the room. Null servers: the reason to skip is set.</summary>
public sealed class Servers : IAsyncLifetime
{
    private PrivatePostgres? _postgres;
    private IKafkaUnderTest? _kafka;

    public PrivatePostgres Postgres => _postgres ?? throw new InvalidOperationException("not started");

    public IKafkaUnderTest Kafka => _kafka ?? throw new InvalidOperationException("not started");

    /// <summary>Skips the test where the servers it needs are not installed.</summary>
    public void Require()
    {
        Assert.SkipWhen(_postgres is null, "no PostgreSQL server is installed");
        Assert.SkipWhen(_kafka is null, "no Kafka: set KAFKA_PEERS to the peers' folder");
    }

    public async ValueTask InitializeAsync()
    {
        if (PrivatePostgres.Binaries() is null || PeerKafka.Launcher() is not { } launcher)
            return;
        var kafka = PeerKafka.StartAsync(launcher);
        _postgres = await PrivatePostgres.StartAsync();
        _kafka = await kafka;
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        if (_kafka is not null)
            await _kafka.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ServersCollection : ICollectionFixture<Servers>
{
    public const string Name = "PostgreSQL and Kafka";
}
