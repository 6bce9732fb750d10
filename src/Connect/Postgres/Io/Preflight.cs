using Millrace.Connect.Config;
using Millrace.Connect.Runtime;
using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>What is checked before anything is created in the database; each finding names the SQL that cures it.
/// </summary>
internal sealed class Preflight(NpgsqlConnection connection, ConnectorConfig config)
{
    private const string PrivilegesSql = """
        SELECT current_setting('wal_level'), r.rolsuper, r.rolreplication OR r.rolsuper
               OR EXISTS (SELECT FROM pg_roles m WHERE m.rolname = 'rds_replication' AND pg_has_role(m.oid, 'MEMBER'))
        FROM pg_roles r WHERE r.rolname = current_user
        """;

    public async Task ServerAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PrivilegesSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        if (reader.GetString(0) != "logical")
            throw PostgresErrors.WalLevel();
        var user = config.String("database.user");
        if (!reader.GetBoolean(2))
            throw new ConnectorException($"user {user} may not replicate",
                $"ALTER ROLE {PostgresEndpoint.Quoted(user)} REPLICATION;");
    }

    public async Task TablesAsync(IReadOnlyList<TableDescription> tables, TableFilter filter, bool needsIdentity,
        CancellationToken cancellation)
    {
        if (tables.Count == 0)
            throw new ConnectorException("no table matches the include and exclude lists",
                "correct table.include.list / schema.include.list (they match schema.table as a whole), or create "
                + "the tables first");
        CheckColumns(tables);
        await CheckSelectAsync(tables, cancellation);
        if (needsIdentity)
            CheckMessageKeys(tables, filter);
    }

    /// <summary>Publishing a table without usable replica identity makes the server refuse the application's UPDATE
    /// and DELETE.</summary>
    public static void Identity(IEnumerable<TableDescription> published)
    {
        var without = published.Where(t => !t.HasUsableIdentity).ToList();
        if (without.Count > 0)
            throw new ConnectorException(
                "without a replica identity PostgreSQL would refuse every UPDATE and DELETE on "
                + $"{Names(without)} once published",
                string.Join(' ', without.Select(t => $"ALTER TABLE {t.QuotedName} REPLICA IDENTITY FULL;"))
                + " or add a primary key, or leave the table out with table.exclude.list, or capture inserts only "
                + "with skipped.operations=u,d,t");
    }

    private static void CheckColumns(IReadOnlyList<TableDescription> tables)
    {
        foreach (var table in tables.Where(t => t.Columns.Count == 0))
            throw new ConnectorException($"table {table.FullName} has no columns",
                "leave it out with table.exclude.list");
    }

    private static void CheckMessageKeys(IReadOnlyList<TableDescription> tables, TableFilter filter)
    {
        foreach (var table in tables)
        {
            if (filter.MessageKey(table.Schema, table.Name) is not { } key)
                continue;
            if (key.FirstOrDefault(k => table.Columns.All(c => c.Name != k)) is { } unknown)
                throw new ConfigException("message.key.columns", unknown, $"{table.FullName} has no such column");
            if (table.ReplicaIdentity != 'f' && key.Any(k => !table.KeyColumns.Contains(k)))
                throw new ConnectorException(
                    $"message.key.columns of {table.FullName} are not part of its replica identity, so deletes "
                    + "would carry no key",
                    $"ALTER TABLE {table.QuotedName} REPLICA IDENTITY FULL;");
        }
    }

    private async Task CheckSelectAsync(IReadOnlyList<TableDescription> tables, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT oid FROM unnest($1) oid WHERE NOT has_table_privilege(oid, 'SELECT')", connection);
        command.Parameters.Add(new NpgsqlParameter
        {
            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Oid,
            Value = tables.Select(t => t.Oid).ToArray(),
        });
        var denied = new List<uint>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            denied.Add(reader.GetFieldValue<uint>(0));
        if (denied.Count == 0)
            return;
        var unreadable = tables.Where(t => denied.Contains(t.Oid)).ToList();
        var user = config.String("database.user");
        throw new ConnectorException($"user {user} may not read {Names(unreadable)}", string.Join(' ',
            unreadable.Select(t => t.Schema).Distinct().Select(s =>
                $"GRANT USAGE ON SCHEMA {PostgresEndpoint.Quoted(s)} TO {PostgresEndpoint.Quoted(user)};"))
            + $" GRANT SELECT ON {string.Join(", ", unreadable.Select(t => t.QuotedName))} TO "
            + $"{PostgresEndpoint.Quoted(user)};");
    }

    private static string Names(IEnumerable<TableDescription> tables) =>
        string.Join(", ", tables.Select(t => t.FullName));
}
