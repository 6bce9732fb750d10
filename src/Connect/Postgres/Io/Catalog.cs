using Millrace.Connect.Postgres.Types;
using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>Reads tables and types from PostgreSQL's catalog. Owned by one task; one ordinary connection.</summary>
internal sealed class Catalog(NpgsqlConnection connection)
{
    private const int MaxTypeDepth = 32;

    private const string TablesSql = """
        SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relreplident::text, c.relispartition
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname !~ '^pg_'
          AND n.nspname <> 'information_schema' AND ($1::oid[] IS NULL OR c.oid = ANY ($1))
        ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
        """;

    private const string ColumnsSql = """
        SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
               a.attndims::int, a.attgenerated <> ''
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """;

    private const string IndexesSql = """
        SELECT i.indrelid, i.indisprimary, i.indisreplident,
               array_agg(a.attname::text ORDER BY k.n), bool_and(a.attnotnull)
        FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = ANY ($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
          AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
        GROUP BY i.indrelid, i.indexrelid, i.indisprimary, i.indisreplident
        ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid
        """;

    private const string TypesSql = """
        SELECT t.oid, t.typname, t.typtype::text, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END,
               t.typbasetype, t.typtypmod, t.typnotnull,
               (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
        FROM pg_type t WHERE t.oid = ANY ($1)
        """;

    private readonly Dictionary<uint, PgType> _types = [];

    public IReadOnlyDictionary<uint, PgType> Types => _types;

    /// <summary>All ordinary and partitioned tables, or those with the given identities.</summary>
    public async Task<List<TableDescription>> TablesAsync(uint[]? oids, CancellationToken cancellation)
    {
        var tables = new List<TableDescription>();
        await using (var command = new NpgsqlCommand(TablesSql, connection))
        {
            command.Parameters.Add(OidArray(oids));
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                tables.Add(new TableDescription(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2),
                    reader.GetString(3)[0], reader.GetString(4)[0], [])
                {
                    IsPartition = reader.GetBoolean(5),
                });
            }
        }
        var ids = tables.Select(t => t.Oid).ToArray();
        var columns = await ColumnsAsync(ids, cancellation);
        var indexes = await IndexesAsync(ids, cancellation);
        return [.. tables.Select(t => WithIndexes(t with { Columns = [.. columns[t.Oid]] }, [.. indexes[t.Oid]]))];
    }

    /// <summary>Reads the types, and those they consist of, anew.</summary>
    public async Task LoadTypesAsync(IEnumerable<uint> oids, CancellationToken cancellation)
    {
        var wanted = oids.Where(oid => oid != 0).ToHashSet();
        for (var depth = 0; wanted.Count > 0 && depth < MaxTypeDepth; depth++)
        {
            var next = new HashSet<uint>();
            await using var command = new NpgsqlCommand(TypesSql, connection);
            command.Parameters.Add(OidArray([.. wanted]));
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var type = new PgType(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2)[0],
                    reader.GetFieldValue<uint>(3), reader.GetFieldValue<uint>(4), reader.GetInt32(5))
                {
                    NotNull = reader.GetBoolean(6),
                    Labels = reader.IsDBNull(7) ? [] : reader.GetFieldValue<string[]>(7),
                };
                _types[type.Oid] = type;
                next.Add(type.Element);
                next.Add(type.BaseType);
            }
            next.Remove(0);
            wanted = next;
        }
    }

    private async Task<ILookup<uint, ColumnDescription>> ColumnsAsync(uint[] tables, CancellationToken cancellation)
    {
        var columns = new List<(uint Table, ColumnDescription Column)>();
        await using var command = new NpgsqlCommand(ColumnsSql, connection);
        command.Parameters.Add(OidArray(tables));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var generated = reader.GetBoolean(7);
            columns.Add((reader.GetFieldValue<uint>(0),
                new ColumnDescription(reader.GetString(1), reader.GetFieldValue<uint>(2), reader.GetInt32(3))
                {
                    NotNull = reader.GetBoolean(4),
                    DefaultExpression = generated || reader.IsDBNull(5) ? null : reader.GetString(5),
                    Dimensions = reader.GetInt32(6),
                    Generated = generated,
                }));
        }
        return columns.ToLookup(c => c.Table, c => c.Column);
    }

    private async Task<ILookup<uint, UniqueIndex>> IndexesAsync(uint[] tables, CancellationToken cancellation)
    {
        var indexes = new List<(uint Table, UniqueIndex Index)>();
        await using var command = new NpgsqlCommand(IndexesSql, connection);
        command.Parameters.Add(OidArray(tables));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            indexes.Add((reader.GetFieldValue<uint>(0), new UniqueIndex(reader.GetBoolean(1), reader.GetBoolean(2),
                reader.GetFieldValue<string[]>(3), reader.GetBoolean(4))));
        return indexes.ToLookup(i => i.Table, i => i.Index);
    }

    private static TableDescription WithIndexes(TableDescription table, IReadOnlyList<UniqueIndex> indexes)
    {
        var primary = indexes.FirstOrDefault(i => i.IsPrimary);
        var key = primary ?? indexes.FirstOrDefault(i => i.AllNotNull);
        return table with
        {
            PrimaryKey = key?.Columns ?? [],
            HasPrimaryKey = primary is not null,
            IdentityIndex = indexes.FirstOrDefault(i => i.IsReplicaIdentity)?.Columns ?? [],
        };
    }

    private static NpgsqlParameter OidArray(uint[]? oids) => new()
    {
        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Oid,
        Value = oids is null ? DBNull.Value : oids,
    };

    private sealed record UniqueIndex(bool IsPrimary, bool IsReplicaIdentity, string[] Columns, bool AllNotNull);
}
