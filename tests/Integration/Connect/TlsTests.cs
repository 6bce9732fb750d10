using Millrace.Connect.Runtime;

namespace Millrace.Integration.Connect;

/// <summary>database.sslmode on both kinds of connection.</summary>
public sealed class TlsTests(Servers servers)
{
    [Fact]
    public async Task EveryModeDoesWhatItSays()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", "CREATE TABLE a (id int PRIMARY KEY)");
        var properties = ConnectorUnderTest.Properties(postgres, "postgres", "tls");
        properties["name"] = properties["topic.prefix"] = "tls";
        properties["offset.storage.topic"] = "offsets-tls";
        properties["database.sslmode"] = "require";
        await using (var refused = new ConnectorUnderTest(properties, servers.Bootstrap))
            await refused.UntilAsync(() => refused.Run.IsFaulted || refused.Status.State == ConnectorState.Retrying);

        var certificate = await postgres.EnableTlsAsync();
        foreach (var (mode, root) in new[] { ("prefer", ""), ("require", ""), ("verify-full", certificate) })
        {
            properties["database.sslmode"] = mode;
            properties["database.sslrootcert"] = root;
            await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
            await connector.StreamingAsync();
            Assert.True(await postgres.ScalarAsync<bool>("postgres",
                "SELECT bool_and(s.ssl) FROM pg_stat_replication r JOIN pg_stat_ssl s USING (pid)"));
        }
        properties["database.sslmode"] = "verify-full";
        properties["database.sslrootcert"] = "";
        await using var untrusted = new ConnectorUnderTest(properties, servers.Bootstrap);
        await Assert.ThrowsAsync<ConnectorException>(() => untrusted.Run);
    }
}
