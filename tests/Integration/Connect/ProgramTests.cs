using System.Text.Json;
using Millrace.Shared;

namespace Millrace.Integration.Connect;

/// <summary>
/// The whole program as users run it, <c>millrace server --connector shop.properties</c>: kill -9 of it, of PostgreSQL
/// and of both, while an application writes, loses nothing.
/// </summary>
public sealed class ProgramTests
{
    private const string Connector = "shop";

    [Fact]
    public async Task KillsLoseNothing()
    {
        PrivatePostgres.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        await postgres.SqlAsync("postgres", Workload.Table);
        var file = Path.GetTempFileName();
        var properties = ConnectorUnderTest.Properties(postgres, "postgres", Connector);
        properties["name"] = properties["topic.prefix"] = Connector;
        properties["key.converter.schemas.enable"] = properties["value.converter.schemas.enable"] = "false";
        File.WriteAllLines(file, properties.Select(property => $"{property.Key}={property.Value}"));
        await using var server = await MillraceServer.Start("--connector", file);
        await using var workload = new Workload(postgres);
        for (var kill = 0; kill < 6; kill++)
        {
            await CaughtUp(server, postgres);
            var (ours, theirs) = (kill % 3 != 1, kill % 3 != 0);
            await Task.WhenAll(
                ours ? server.Kill() : Task.CompletedTask, theirs ? postgres.KillAsync() : Task.CompletedTask);
            await Task.WhenAll(
                ours ? server.StartAgain() : Task.CompletedTask, theirs ? postgres.BootAsync() : Task.CompletedTask);
        }

        await workload.Finish();
        await CaughtUp(server, postgres);
        await workload.AssertTopicIsTable(server.Bootstrap, Connector);
        Assert.Equal("RUNNING", await State(server));
        Assert.Equal(0, await server.Terminate());
        File.Delete(file);
    }

    /// <summary>
    /// Waits until what is committed by now is in the log. A slot that is made anew starts beyond it: the snapshot must
    /// have ended too.
    /// </summary>
    private static async Task CaughtUp(MillraceServer server, PrivatePostgres postgres)
    {
        var target = await postgres.ScalarAsync<string>("postgres",
            "SELECT pg_current_wal_insert_lsn()::text FROM pg_logical_emit_message(true, 'caught-up', '')");
        await Poll.Until(
            async () => server.Errors.Contains("streaming from", StringComparison.Ordinal)
                && await postgres.ScalarAsync<bool>("postgres", "SELECT coalesce(bool_and(confirmed_flush_lsn >= "
                    + $"'{target}'::pg_lsn), false) FROM pg_replication_slots WHERE slot_name = '{Connector}'"),
            () => server.Errors);
    }

    private static async Task<string?> State(MillraceServer server)
    {
        using var http = new HttpClient();
        var status = await http.GetStringAsync(
            $"http://{server.Http}/connectors/{Connector}/status", TestContext.Current.CancellationToken);
        return JsonDocument.Parse(status).RootElement.GetProperty("connector").GetProperty("state").GetString();
    }
}
