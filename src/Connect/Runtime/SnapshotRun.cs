using Millrace.Connect.Changes;
using Millrace.Connect.Config;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;
using Npgsql;

namespace Millrace.Connect.Runtime;

/// <summary>Reads the captured tables as of one snapshot and publishes their rows. One use.</summary>
internal sealed class SnapshotRun(
    PostgresEndpoint endpoint, ConnectorConfig config, TableSchemas schemas, ChangePublisher publisher,
    Action<string> log)
{
    /// <summary>Publishes every row under one pending transaction, sealed with the position after the snapshot.
    /// </summary>
    /// <param name="start">Where the stream will begin; null for initial_only.</param>
    public async Task<SourceOffset> RunAsync(IReadOnlyList<TableDescription> tables, SourceOffset? start,
        string? exportedSnapshot, SourceOffsets offsets, CancellationToken cancellation)
    {
        await using var sql = new NpgsqlConnection(endpoint.ConnectionString($"millrace {config.Name} snapshot", 0));
        await SqlSession.OpenAsync(sql, cancellation);
        var reader = new SnapshotReader(sql);
        await reader.BeginAsync(exportedSnapshot, config.String("database.initial.statements"), cancellation);
        var position = await reader.PositionAsync(exportedSnapshot is null ? null : start?.End, cancellation);
        var transaction = offsets.Open();
        var catalog = new Catalog(sql);
        var rows = 0L;
        foreach (var table in tables)
        {
            await catalog.LoadTypesAsync(table.Columns.Select(c => c.TypeOid), cancellation);
            var schema = schemas.Build(table, null, catalog.Types);
            await reader.ReadTableAsync(table, schema, EmitAsync, cancellation);
        }
        await reader.FinishAsync(EmitAsync, cancellation);
        log($"snapshot of {tables.Count} tables: {rows} rows");
        var end = start ?? new SourceOffset(new Lsn(position.Lsn), default, 0, 0);
        end = end with { TransactionId = position.TransactionId, CommitMicros = position.CommitMicros };
        transaction.Seal(end);
        return end;

        ValueTask EmitAsync(TableSchema table, RowChange row, string marker)
        {
            rows++;
            position.Snapshot = marker;
            return publisher.PublishAsync(table, row, position, transaction, cancellation);
        }
    }
}
