using System.Diagnostics;

namespace Millrace.Integration.Connect;

/// <summary>Runs a golden case: setup, connector, changes with their directives; returns what was written.</summary>
internal sealed class GoldenRun(Servers servers, GoldenCase golden)
{
    private readonly string _database = golden.Database;
    private Process? _second;
    private ConnectorUnderTest? _connector;

    public async Task<List<TopicRecord>> RunAsync()
    {
        await servers.Postgres.SqlAsync("postgres", $"CREATE DATABASE {_database}");
        if (golden.Name == "types-temporal-session-zone")
            await servers.Postgres.SqlAsync("postgres",
                $"ALTER DATABASE {_database} SET TimeZone = 'America/New_York'");
        await servers.Postgres.PsqlAsync(_database, golden.Setup);
        var properties = ConnectorUnderTest.Properties(servers.Postgres, _database, $"s_{_database}");
        foreach (var (key, value) in golden.Properties)
            properties[key] = value;
        await StartAsync(properties);
        try
        {
            await ChangesAsync(properties);
            if (_connector is not null)
                await _connector.CaughtUpAsync(servers.Postgres, _database);
        }
        finally
        {
            _second?.Kill();
            _second?.Dispose();
            await StopAsync();
            await servers.Postgres.SqlAsync(_database, "SELECT pg_drop_replication_slot(slot_name) "
                + $"FROM pg_replication_slots WHERE slot_name = 's_{_database}'");
        }
        var prefix = properties["topic.prefix"] + properties.GetValueOrDefault("topic.delimiter", ".");
        return TopicReader.Read(servers.Bootstrap, TopicReader.Topics(servers.Bootstrap,
            t => t.StartsWith(prefix, StringComparison.Ordinal)));
    }

    private async Task ChangesAsync(Dictionary<string, string> properties)
    {
        var script = "";
        foreach (var line in golden.Changes.Split('\n').Append("--: end"))
        {
            if (!line.StartsWith("--: ", StringComparison.Ordinal))
            {
                script += line + "\n";
                if (golden.Name.StartsWith("ddl-", StringComparison.Ordinal))
                    script = await PacedAsync(script);
                continue;
            }
            await servers.Postgres.PsqlAsync(_database, script);
            script = "";
            await DirectiveAsync(line["--: ".Length..], properties);
        }
    }

    /// <summary>DDL cases were recorded with a pause after each statement, so that the catalog is not ahead.</summary>
    private async Task<string> PacedAsync(string script)
    {
        await servers.Postgres.PsqlAsync(_database, script);
        await _connector!.CaughtUpAsync(servers.Postgres, _database);
        return "";
    }

    private async Task DirectiveAsync(string directive, Dictionary<string, string> properties)
    {
        if (directive == "wait" && _connector is not null)
            await _connector.CaughtUpAsync(servers.Postgres, _database);
        else if (directive == "stop")
            await StopAsync();
        else if (directive == "start")
            await StartAsync(properties);
        else if (directive.StartsWith("psql2 ", StringComparison.Ordinal))
            await SecondAsync(directive["psql2 ".Length..]);
    }

    /// <summary>Runs a line in the second session and waits for its end.</summary>
    private async Task SecondAsync(string sql)
    {
        _second ??= servers.Postgres.Psql(_database);
        await _second.StandardInput.WriteLineAsync($"{sql}\n\\echo done");
        await _second.StandardInput.FlushAsync();
        string? line;
        while ((line = await _second.StandardOutput.ReadLineAsync()) is not null && line != "done")
        {
        }
    }

    private async Task StartAsync(Dictionary<string, string> properties)
    {
        _connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        await _connector.StreamingAsync();
    }

    private async Task StopAsync()
    {
        if (_connector is not null)
            await _connector.DisposeAsync();
        _connector = null;
    }
}
