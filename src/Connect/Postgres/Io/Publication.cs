using Millrace.Connect.Config;
using Millrace.Connect.Runtime;
using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// The publication: made for the captured tables only, unless the configuration says otherwise. A table whose UPDATE
/// and DELETE the server would refuse once published never gets into one that we make.
/// </summary>
internal sealed class Publication(NpgsqlConnection connection, ConnectorConfig config)
{
    private readonly string _name = config.String("publication.name");
    private readonly string _mode = config.String("publication.autocreate.mode");

    /// <summary>The operations published, in SQL's words.</summary>
    private string Operations
    {
        get
        {
            var skipped = config.List("skipped.operations");
            var published = new List<string>();
            foreach (var name in new[] { "create", "update", "delete", "truncate" })
            {
                if (!skipped.Contains(name[..1]))
                    published.Add(name == "create" ? "insert" : name);
            }
            return string.Join(", ", published);
        }
    }

    /// <summary>Whether the old rows of the published operations must be identified.</summary>
    public bool NeedsIdentity => Operations.Contains("update", StringComparison.Ordinal)
        || Operations.Contains("delete", StringComparison.Ordinal);

    /// <summary>Creates or adapts the publication so that it covers <paramref name="tables"/>, or says why not.
    /// </summary>
    public async Task EnsureAsync(IReadOnlyList<TableDescription> tables, CancellationToken cancellation)
    {
        var exists = await ScalarAsync("SELECT puballtables FROM pg_publication WHERE pubname = $1", cancellation);
        if (exists is null)
            await CreateAsync(tables, cancellation);
        else if (_mode == "filtered" && exists is false)
            await AdaptAsync(tables, cancellation);
        await VerifyAsync(tables, cancellation);
    }

    private async Task CreateAsync(IReadOnlyList<TableDescription> tables, CancellationToken cancellation)
    {
        var quoted = PostgresEndpoint.Quoted(_name);
        var options = $"WITH (publish = '{Operations}'"
            + (config.Bool("publish.via.partition.root") ? ", publish_via_partition_root = true)" : ")");
        var sql = _mode switch
        {
            "disabled" => throw new ConnectorException(
                $"publication {_name} does not exist and publication.autocreate.mode is disabled",
                $"CREATE PUBLICATION {quoted} FOR TABLE {Names(tables)};"),
            "all_tables" => $"CREATE PUBLICATION {quoted} FOR ALL TABLES {options}",
            "no_tables" => $"CREATE PUBLICATION {quoted} {options}",
            _ => $"CREATE PUBLICATION {quoted} FOR TABLE {Names(tables)} {options}",
        };
        await RunAsync(sql, cancellation);
    }

    private async Task AdaptAsync(IReadOnlyList<TableDescription> tables, CancellationToken cancellation)
    {
        var published = await PublishedAsync(cancellation);
        if (tables.All(t => published.Contains(t.FullName)) && published.Count == tables.Count)
            return;
        await RunAsync($"ALTER PUBLICATION {PostgresEndpoint.Quoted(_name)} SET TABLE {Names(tables)}", cancellation);
    }

    /// <summary>A captured table outside of the publication would silently give nothing.</summary>
    private async Task VerifyAsync(IReadOnlyList<TableDescription> tables, CancellationToken cancellation)
    {
        if (_mode == "no_tables")
            return;
        var published = await PublishedAsync(cancellation);
        var missing = tables.Where(t => t.Kind == 'r' && !published.Contains(t.FullName)).ToList();
        if (missing.Count > 0 && !config.Bool("publish.via.partition.root"))
            throw new ConnectorException(
                $"publication {_name} does not contain {string.Join(", ", missing.Select(t => t.FullName))}",
                $"ALTER PUBLICATION {PostgresEndpoint.Quoted(_name)} ADD TABLE {Names(missing)}; or narrow "
                + "table.include.list");
    }

    private async Task RunAsync(string sql, CancellationToken cancellation)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (PostgresException e) when (e.SqlState == "42501")
        {
            throw new ConnectorException($"user may not create publication {_name}: {e.MessageText}",
                $"run as the tables' owner or a superuser: {sql}; or: GRANT CREATE ON DATABASE <db> TO <user>; "
                + "and make the user owner of the tables", e);
        }
        catch (PostgresException e) when (e.SqlState == "42710")
        {
            // Another session made it between our look and our CREATE: what it contains is verified next.
        }
    }

    private async Task<HashSet<string>> PublishedAsync(CancellationToken cancellation)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand(
            "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = _name });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            names.Add(reader.GetString(0));
        return names;
    }

    private async Task<object?> ScalarAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = _name });
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static string Names(IReadOnlyList<TableDescription> tables) =>
        string.Join(", ", tables.Select(t => (t.Kind == 'r' ? "ONLY " : "") + t.QuotedName));
}
