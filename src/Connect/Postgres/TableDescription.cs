namespace Millrace.Connect.Postgres;

/// <summary>A table as the catalog describes it now.</summary>
/// <param name="Kind">relkind: r table, p partitioned table.</param>
internal sealed record TableDescription(
    uint Oid, string Schema, string Name, char Kind, char ReplicaIdentity, IReadOnlyList<ColumnDescription> Columns)
{
    /// <summary>Columns of the primary key, or else of the first unique index over NOT NULL columns, in index order.
    /// </summary>
    public IReadOnlyList<string> PrimaryKey { get; init; } = [];

    public bool IsPartition { get; init; }

    public bool HasPrimaryKey { get; init; }

    /// <summary>Columns of the index of REPLICA IDENTITY USING INDEX.</summary>
    public IReadOnlyList<string> IdentityIndex { get; init; } = [];

    public string FullName => $"{Schema}.{Name}";

    public string QuotedName => $"{PostgresEndpoint.Quoted(Schema)}.{PostgresEndpoint.Quoted(Name)}";

    /// <summary>Whether the server can describe the old row of an UPDATE or DELETE of the table once published.
    /// </summary>
    public bool HasUsableIdentity => ReplicaIdentity switch
    {
        'f' => true,
        'i' => IdentityIndex.Count > 0,
        'd' => HasPrimaryKey,
        _ => false,
    };

    /// <summary>
    /// The columns of the record key: what the server sends of an old row must contain them, so the index of
    /// REPLICA IDENTITY USING INDEX goes before the primary key.
    /// </summary>
    public IReadOnlyList<string> KeyColumns => ReplicaIdentity == 'i' ? IdentityIndex : PrimaryKey;
}

internal sealed record ColumnDescription(string Name, uint TypeOid, int TypMod)
{
    public bool NotNull { get; init; }

    /// <summary>The default as pg_get_expr prints it.</summary>
    public string? DefaultExpression { get; init; }

    public int Dimensions { get; init; }

    public bool Generated { get; init; }
}
