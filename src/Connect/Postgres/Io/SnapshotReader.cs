using Millrace.Connect.Changes;
using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// Reads the captured tables as of one snapshot, with Debezium's markers on the rows. The last row is known only when
/// all later tables proved empty, so one row is always held back. Owned by one task.
/// </summary>
internal sealed class SnapshotReader(NpgsqlConnection connection)
{
    private RowChange _held = NewRow();
    private RowChange _next = NewRow();
    private byte[] _heldBuffer = new byte[4096];
    private byte[] _nextBuffer = new byte[4096];
    private TableSchema? _heldTable;
    private bool _heldIsFirstOfTable;
    private bool _anyEmitted;

    /// <summary>Opens the transaction that sees <paramref name="snapshotName"/>, or its own snapshot if null.</summary>
    public async Task BeginAsync(string? snapshotName, string initialStatements, CancellationToken cancellation)
    {
        if (initialStatements.Length > 0)
            await RunAsync(initialStatements, cancellation);
        await RunAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellation);
        if (snapshotName is not null)
            await RunAsync($"SET TRANSACTION SNAPSHOT {PostgresEndpoint.Literal(snapshotName)}", cancellation);
        await RunAsync("SET LOCAL statement_timeout = 0", cancellation);
        await RunAsync("SET LOCAL idle_in_transaction_session_timeout = 0", cancellation);
    }

    /// <summary>Position, transaction and time of the snapshot, for the source block of its rows.</summary>
    public async Task<SourcePosition> PositionAsync(Lsn? consistentPoint, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                   pg_snapshot_xmax(pg_current_snapshot())::text::bigint & 4294967295, pg_current_wal_lsn()::text
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new SourcePosition
        {
            CommitMicros = reader.GetInt64(0),
            TransactionId = (uint)reader.GetInt64(1),
            Lsn = (consistentPoint ?? Lsn.Parse(reader.GetString(2))).Value,
        };
    }

    /// <summary>Reads one table; <paramref name="emit"/> gets each row but the last.</summary>
    public async Task ReadTableAsync(
        TableDescription table, TableSchema schema, SnapshotRow emit, CancellationToken cancellation)
    {
        var columns = string.Join(", ", TableSchemas.FromCatalog(table).Select(c => PostgresEndpoint.Quoted(c.Name)));
        var only = table.Kind == 'r' ? "ONLY " : "";
        var sql = $"COPY (SELECT {columns} FROM {only}{table.QuotedName}) TO STDOUT";
        using var text = (StreamReader)await connection.BeginTextExportAsync(sql, cancellation);
        var reader = new CopyTextReader(text.BaseStream);
        for (var first = true; ; first = false)
        {
            (var read, _nextBuffer) = await reader.ReadAsync(_next.After, _nextBuffer, cancellation);
            if (!read)
                return;
            if (_heldTable is not null)
                await emit(_heldTable, _held, MarkerOf(lastOfTable: first));
            (_held, _next) = (_next, _held);
            (_heldBuffer, _nextBuffer) = (_nextBuffer, _heldBuffer);
            _heldTable = schema;
            _heldIsFirstOfTable = first;
        }
    }

    /// <summary>Emits the row held back, as the last of all.</summary>
    public async Task FinishAsync(SnapshotRow emit, CancellationToken cancellation)
    {
        if (_heldTable is not null)
            await emit(_heldTable, _held, "last");
        await RunAsync("COMMIT", cancellation);
    }

    private string MarkerOf(bool lastOfTable)
    {
        var first = !_anyEmitted;
        _anyEmitted = true;
        if (first)
            return "first";
        if (lastOfTable)
            return "last_in_data_collection";
        return _heldIsFirstOfTable ? "first_in_data_collection" : "true";
    }

    private async Task RunAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static RowChange NewRow() => new() { Operation = Operation.Read };
}

/// <summary>Takes a snapshot row and its marker.</summary>
internal delegate ValueTask SnapshotRow(TableSchema table, RowChange row, string marker);
