using System.Text.Json;
using Npgsql;

namespace Millrace.Integration.Connect;

/// <summary>
/// Nothing is lost when PostgreSQL or the connector dies in mid-stream: the topic folded by key is the table. Between
/// the deaths four sessions insert, update, delete and change keys.
/// </summary>
public sealed class CrashTests(Servers servers)
{
    private const string Table = "CREATE TABLE t (id bigserial PRIMARY KEY, v text NOT NULL, n int NOT NULL)";

    [Fact]
    public async Task KillOfPostgresLosesNothing()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Table);
        var properties = Properties(postgres, "crash_pg");
        await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        await connector.StreamingAsync();
        using var stop = new CancellationTokenSource();
        var writers = Writers(postgres, stop.Token);
        for (var kill = 0; kill < 3; kill++)
        {
            var seen = connector.Status.ChangesCaptured;
            await connector.UntilAsync(() => connector.Status.ChangesCaptured > seen + 500);
            await postgres.KillAsync();
            await postgres.BootAsync();
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await connector.CaughtUpAsync(postgres, "postgres");
        await AssertTopicIsTableAsync(postgres, "crash_pg");
    }

    [Fact]
    public async Task DeathOfTheConnectorLosesNothing()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Table);
        var properties = Properties(postgres, "crash_connector");
        using var stop = new CancellationTokenSource();
        var writers = Writers(postgres, stop.Token);
        for (var death = 0; death < 4; death++)
        {
            // Disposing drops whatever the producer holds and confirms nothing: to the outside a death.
            await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap, flushOnStop: false);
            await connector.StreamingAsync();
            await connector.UntilAsync(() => connector.Status.ChangesCaptured > 500);
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await using var last = new ConnectorUnderTest(properties, servers.Bootstrap);
        await last.CaughtUpAsync(postgres, "postgres");
        await AssertTopicIsTableAsync(postgres, "crash_connector");
    }

    [Fact]
    public async Task OrderlyStopLeavesNothingTwice()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Table);
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

    private static List<Task> Writers(PrivatePostgres postgres, CancellationToken stop) =>
        [.. Enumerable.Range(0, 4).Select(w => Task.Run(() => WriteAsync(postgres, w, stop), CancellationToken.None))];

    private static async Task WriteAsync(PrivatePostgres postgres, int writer, CancellationToken stop)
    {
        var random = new Random(writer);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(postgres.ConnectionString());
                await connection.OpenAsync(CancellationToken.None);
                while (!stop.IsCancellationRequested)
                {
                    await using var command = new NpgsqlCommand(Statement(random), connection);
                    await command.ExecuteNonQueryAsync(CancellationToken.None);
                }
            }
            catch (NpgsqlException)
            {
                // The server is away, or two sessions met in a deadlock: go on with the next statement.
            }
        }
    }

    private static string Statement(Random random) => random.Next(10) switch
    {
        < 5 => $"INSERT INTO t (v, n) SELECT 'v' || g, g FROM generate_series(1, {random.Next(1, 20)}) g",
        < 8 => $"UPDATE t SET n = n + 1 WHERE id % 50 = {random.Next(50)} AND n < 10",
        8 => $"DELETE FROM t WHERE id % 97 = {random.Next(97)}",
        _ => $"UPDATE t SET id = id + 1000000 WHERE id % 211 = {random.Next(211)} AND id < 1000000",
    };

    private async Task AssertTopicIsTableAsync(PrivatePostgres postgres, string prefix)
    {
        var folded = new SortedDictionary<long, string>();
        foreach (var record in TopicReader.Read(servers.Bootstrap, [$"{prefix}.public.t"]))
        {
            var id = JsonDocument.Parse(record.Key!).RootElement.GetProperty("id").GetInt64();
            var after = record.Value is null ? default
                : JsonDocument.Parse(record.Value).RootElement.GetProperty("after");
            if (after.ValueKind == JsonValueKind.Object)
                folded[id] = $"{after.GetProperty("v").GetString()}/{after.GetProperty("n").GetInt32()}";
            else
                folded.Remove(id);
        }
        var table = await postgres.ScalarAsync<string[]>("postgres",
            "SELECT array_agg(id || ':' || v || '/' || n ORDER BY id) FROM t");
        Assert.Equal(table, folded.Select(f => $"{f.Key}:{f.Value}"));
    }
}
