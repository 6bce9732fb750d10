using Millrace.Connect.Config;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;
using Millrace.Connect.Runtime.Io;
using Npgsql;

namespace Millrace.Connect.Runtime;

/// <summary>
/// Decides, from the stored position and the slot, how a start goes: snapshot or not, and from where the stream
/// begins. A slot that cannot continue exactly where the log ends is never used silently.
/// </summary>
internal sealed class SlotStart(
    NpgsqlConnection sql, ReplicationConnection replication, ConnectorConfig config, Action<string> log)
{
    private static readonly TimeSpan WaitReport = TimeSpan.FromSeconds(5);
    private readonly string _slot = config.String("slot.name");
    private readonly string _mode = config.String("snapshot.mode");

    public string? ExportedSnapshot { get; private set; }

    public async Task<StartPlan> PlanAsync(
        SourceOffset? stored, ServerIdentity server, CancellationToken cancellation)
    {
        var slot = await ReplicationSlot.ReadAsync(sql, _slot, cancellation);
        if (_mode == "initial_only")
            return stored is { SnapshotCompleted: true }
                ? new StartPlan(null, null)
                : new StartPlan(null, new SnapshotPlan(ReplacesSlot: false));
        CheckOwner(slot);
        if (stored is { SnapshotCompleted: false })
        {
            log("the last snapshot was interrupted: it starts over");
            await DropAsync(slot, cancellation);
            return new StartPlan(null, new SnapshotPlan(ReplacesSlot: true));
        }
        if (stored is null)
            return await FirstStartAsync(slot, server, cancellation);
        if (Loss(stored, slot, server) is { } loss)
        {
            if (_mode != "when_needed")
                throw loss;
            log(loss.Problem + ": reading the tables again (snapshot.mode=when_needed)");
            await DropAsync(slot, cancellation);
            return new StartPlan(null, new SnapshotPlan(ReplacesSlot: true));
        }
        var resumed = stored with { SystemId = server.SystemId, Timeline = server.Timeline };
        return new StartPlan(resumed, _mode == "always" ? new SnapshotPlan(ReplacesSlot: false) : null);
    }

    /// <summary>
    /// Creates the slot and exports its snapshot, which lives as long as the replication connection does nothing
    /// else. That the snapshot has begun is stored first, so that an interruption is recognised.
    /// </summary>
    public async Task<SourceOffset> CreateAsync(
        OffsetStore store, ServerIdentity server, CancellationToken cancellation)
    {
        var begun = new SourceOffset(server.WalEnd, default, 0, 0)
        {
            SystemId = server.SystemId,
            Timeline = server.Timeline,
            SnapshotCompleted = false,
        };
        await store.WriteAsync(begun, cancellation);
        var creating = replication.QueryAsync(
            $"CREATE_REPLICATION_SLOT {PostgresEndpoint.Quoted(_slot)} LOGICAL pgoutput EXPORT_SNAPSHOT", cancellation);
        while (await Task.WhenAny(creating, Task.Delay(WaitReport, cancellation)) != creating)
            await ReportWaitAsync(cancellation);
        var row = (await creating).Single();
        ExportedSnapshot = row[2];
        return begun with { End = Lsn.Parse(row[1] ?? "0/0"), SnapshotCompleted = true };
    }

    private async Task<StartPlan> FirstStartAsync(
        ReplicationSlot? slot, ServerIdentity server, CancellationToken cancellation)
    {
        if (slot is null)
            return new StartPlan(null, new SnapshotPlan(ReplacesSlot: true) { Rows = _mode != "no_data" });
        if (_mode == "no_data")
            return new StartPlan(new SourceOffset(slot.ConfirmedFlush, default, 0, 0)
            {
                SystemId = server.SystemId,
                Timeline = server.Timeline,
            }, null);
        if (_mode == "when_needed" && !slot.Active)
        {
            await DropAsync(slot, cancellation);
            return new StartPlan(null, new SnapshotPlan(ReplacesSlot: true));
        }
        throw new ConnectorException(
            $"replication slot {_slot} exists, but connector '{config.Name}' has no stored position in "
            + $"{config.String("offset.storage.topic")}: the slot may belong to another consumer",
            $"choose another slot.name; or, if nobody needs it: SELECT pg_drop_replication_slot('{_slot}'); or stream "
            + "from where the slot stands with snapshot.mode=no_data");
    }

    private void CheckOwner(ReplicationSlot? slot)
    {
        if (slot is null)
            return;
        if (slot.Plugin != "pgoutput" || slot.Database != config.String("database.dbname"))
            throw new ConnectorException(
                $"replication slot {_slot} belongs to plug-in '{slot.Plugin}' in database '{slot.Database}'",
                "choose another slot.name; each connector needs its own");
    }

    /// <summary>Why the stream cannot continue at the stored position, or null if it can.</summary>
    private ConnectorException? Loss(SourceOffset stored, ReplicationSlot? slot, ServerIdentity server)
    {
        var cure = $"start once with snapshot.mode=when_needed to read the tables again (first: SELECT "
            + $"pg_drop_replication_slot('{_slot}'); if the slot exists)";
        if (stored.SystemId.Length > 0 && stored.SystemId != server.SystemId)
            return new ConnectorException(
                $"this is another PostgreSQL cluster (system {server.SystemId}) than the one the stored position is of "
                + $"({stored.SystemId})", "correct database.hostname, or " + cure);
        if (slot is null)
            return new ConnectorException(
                $"replication slot {_slot} is gone: changes after {stored.End} can no longer be read", cure);
        if (slot.WalStatus == "lost")
            return new ConnectorException(
                $"replication slot {_slot} is invalidated (wal_status lost): changes after {stored.End} are gone",
                cure + "; raise max_slot_wal_keep_size");
        if (slot.ConfirmedFlush > stored.End)
            return new ConnectorException(
                $"replication slot {_slot} was advanced by somebody else to {slot.ConfirmedFlush}: changes after "
                + $"{stored.End} can no longer be read", cure);
        if (stored.End > server.WalEnd)
            return new ConnectorException(
                $"the server's log ends at {server.WalEnd}, before the stored position {stored.End}: it has lost "
                + "transactions (failover to a standby that was behind?)", cure);
        return null;
    }

    private async Task DropAsync(ReplicationSlot? slot, CancellationToken cancellation)
    {
        if (slot is not null)
            await ReplicationSlot.DropAsync(sql, _slot, cancellation);
    }

    private async Task ReportWaitAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT string_agg(pid || ' (' || coalesce(usename, '?') || ', since ' || xact_start::timestamptz(0) || ')',
                              ', ')
            FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            """, sql);
        if (await command.ExecuteScalarAsync(cancellation) is string blockers)
            log($"creating the slot waits for running transactions to end: {blockers}");
    }
}

/// <param name="Start">Where the stream begins, if that is known before the snapshot.</param>
internal sealed record StartPlan(SourceOffset? Start, SnapshotPlan? Snapshot);

/// <param name="ReplacesSlot">A slot is created and its exported snapshot read; else the tables as they are now.
/// </param>
internal sealed record SnapshotPlan(bool ReplacesSlot)
{
    /// <summary>False: only the slot is created (snapshot.mode=no_data).</summary>
    public bool Rows { get; init; } = true;
}
