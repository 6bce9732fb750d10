namespace Millrace.Integration.Connect;

/// <summary>
/// Nothing is lost when PostgreSQL or the connector dies in mid-stream: the topic folded by key is the table. Between
/// the deaths four sessions insert, update, delete and change keys.
/// </summary>
public sealed class CrashTests(Servers servers)
{
    [Fact]
    public async Task KillOfPostgresLosesNothing()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Workload.Table);
        var properties = Properties(postgres, "crash_pg");
        await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        await connector.StreamingAsync();
        await using var workload = new Workload(postgres);
        for (var kill = 0; kill < 3; kill++)
        {
            var seen = connector.Status.ChangesCaptured;
            await connector.UntilAsync(() => connector.Status.ChangesCaptured > seen + 500);
            await postgres.KillAsync();
            await postgres.BootAsync();
        }
        await workload.Finish();
        await connector.CaughtUpAsync(postgres, "postgres");
        await workload.AssertTopicIsTable(servers.Bootstrap, "crash_pg");
    }

    [Fact]
    public async Task DeathOfTheConnectorLosesNothing()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Workload.Table);
        var properties = Properties(postgres, "crash_connector");
        await using var workload = new Workload(postgres);
        for (var death = 0; death < 4; death++)
        {
            // Disposing drops whatever the producer holds and confirms nothing: to the outside a death.
            await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap, flushOnStop: false);
            await connector.StreamingAsync();
            await connector.UntilAsync(() => connector.Status.ChangesCaptured > 500);
        }
        await workload.Finish();
        await using var last = new ConnectorUnderTest(properties, servers.Bootstrap);
        await last.CaughtUpAsync(postgres, "postgres");
        await workload.AssertTopicIsTable(servers.Bootstrap, "crash_connector");
    }

    [Fact]
    public async Task OrderlyStopLeavesNothingTwice()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Workload.Table);
        var properties = Properties(postgres, "orderly_stop");
        await using (var first = new ConnectorUnderTest(properties, servers.Bootstrap))
        {
            await first.StreamingAsync();
            for (var i = 0; i < 50; i++)
                await postgres.SqlAsync("postgres",
                    "INSERT INTO t (v, n) SELECT 'v', g FROM generate_series(1, 20) g");
            await first.UntilAsync(() => first.Status.ChangesCaptured > 100);
        }
        await using var second = new ConnectorUnderTest(properties, servers.Bootstrap);
        await second.CaughtUpAsync(postgres, "postgres");
        var records = TopicReader.Read(servers.Bootstrap, ["orderly_stop.public.t"]);
        Assert.Equal(1000, records.Count);
        Assert.Equal(1000, records.Select(r => r.Key).Distinct().Count());
    }

    private static Dictionary<string, string> Properties(PrivatePostgres postgres, string name)
    {
        var properties = ConnectorUnderTest.Properties(postgres, "postgres", name);
        properties["name"] = properties["topic.prefix"] = name;
        properties["offset.storage.topic"] = $"offsets-{name}";
        properties["key.converter.schemas.enable"] = properties["value.converter.schemas.enable"] = "false";
        return properties;
    }
}
