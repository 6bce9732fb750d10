using Millrace.Connect.Changes;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;
using Npgsql;

namespace Millrace.Connect.Runtime;

/// <summary>
/// The tables of the stream by the server's identity, each in the shape that its last Relation message gave it. Owned
/// by one task.
/// </summary>
internal sealed class TableCatalog(
    NpgsqlConnection connection, TableFilter filter, TableSchemas schemas, Action<string> log)
{
    private readonly Dictionary<uint, TableSchema?> _tables = [];

    /// <summary>The table's shape; null if it is not captured.</summary>
    public TableSchema? Find(uint relation) => _tables.TryGetValue(relation, out var table)
        ? table
        : throw new InvalidDataException($"pgoutput: a change of relation {relation}, which was not described");

    /// <summary>Takes the table's new shape; reads from the catalog what the message does not say.</summary>
    public async Task DescribeAsync(Relation relation, CancellationToken cancellation)
    {
        if (!filter.IncludesTable(relation.Schema, relation.Name))
        {
            _tables[relation.Id] = null;
            return;
        }
        var catalog = new Catalog(connection);
        var found = await catalog.TablesAsync([relation.Id], cancellation);
        var table = found.Count > 0 ? found[0] : Gone(relation);
        await catalog.LoadTypesAsync(relation.Columns.Select(c => c.TypeOid), cancellation);
        if (!table.HasUsableIdentity)
            log($"{table.FullName} has no usable replica identity any more: PostgreSQL refuses UPDATE and DELETE on it"
                + $" while it is published; run: ALTER TABLE {table.QuotedName} REPLICA IDENTITY FULL;");
        _tables[relation.Id] = schemas.Build(table, relation, catalog.Types);
    }

    /// <summary>A table dropped since: all that is known is in the message.</summary>
    private static TableDescription Gone(Relation relation) =>
        new(relation.Id, relation.Schema, relation.Name, 'r', relation.ReplicaIdentity, [])
        {
            HasPrimaryKey = relation.Columns.Any(c => c.InIdentity),
            PrimaryKey = [.. relation.Columns.Where(c => c.InIdentity).Select(c => c.Name)],
        };
}
