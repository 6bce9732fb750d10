using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>What the server knows about the replication slot.</summary>
internal sealed record ReplicationSlot(
    string Plugin, string Database, bool Active, int? ActivePid, Lsn ConfirmedFlush, string WalStatus)
{
    public static async Task<ReplicationSlot?> ReadAsync(
        NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT plugin, database, active, active_pid, confirmed_flush_lsn::text, wal_status
            FROM pg_replication_slots WHERE slot_name = $1
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
            return null;
        return new ReplicationSlot(
            reader.IsDBNull(0) ? "" : reader.GetString(0), reader.IsDBNull(1) ? "" : reader.GetString(1),
            reader.GetBoolean(2), reader.IsDBNull(3) ? null : reader.GetInt32(3),
            reader.IsDBNull(4) ? default : Lsn.Parse(reader.GetString(4)),
            reader.IsDBNull(5) ? "lost" : reader.GetString(5));
    }

    public static async Task DropAsync(NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_drop_replication_slot($1)", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
