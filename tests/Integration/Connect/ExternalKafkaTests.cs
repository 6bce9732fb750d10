namespace Millrace.Integration.Connect;

/// <summary>Change data capture without a broker of ours: <c>bootstrap.servers</c> names Apache Kafka.</summary>
public sealed class ExternalKafkaTests(Servers servers)
{
    [Fact]
    public async Task BootstrapServersGoesBeforeTheBrokerOfTheProcess()
    {
        servers.Require();
        await using var kafka = await PeerKafka.StartAsync();
        await servers.Postgres.SqlAsync("postgres", "CREATE DATABASE external");
        await servers.Postgres.SqlAsync("external",
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'snapshot')");
        var properties = ConnectorUnderTest.Properties(servers.Postgres, "external", "s_external");
        properties["bootstrap.servers"] = kafka.Bootstrap;
        properties["value.converter.schemas.enable"] = "false";
        await using (var connector = new ConnectorUnderTest(properties, servers.Bootstrap))
        {
            await connector.StreamingAsync();
            await servers.Postgres.SqlAsync("external", "INSERT INTO t VALUES (2, 'stream')");
            await connector.CaughtUpAsync(servers.Postgres, "external");
        }

        var written = TopicReader.Read(kafka.Bootstrap, ["external.public.t"]);
        Assert.Equal(2, written.Count);
        Assert.Contains("\"after\":{\"id\":1,\"v\":\"snapshot\"}", written[0].Value, StringComparison.Ordinal);
        Assert.Contains("\"after\":{\"id\":2,\"v\":\"stream\"}", written[1].Value, StringComparison.Ordinal);
        Assert.Empty(TopicReader.Topics(
            servers.Bootstrap, topic => topic.StartsWith("external.", StringComparison.Ordinal)));
    }
}
