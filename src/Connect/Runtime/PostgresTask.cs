using Millrace.Connect.Config;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;
using Millrace.Connect.Runtime.Io;
using Npgsql;

namespace Millrace.Connect.Runtime;

/// <summary>
/// One attempt of the connector: checks, publication, slot, snapshot, stream, until it fails or is stopped. Owns its
/// connections and its producer. Order matters: publication, then slot, then snapshot; a position is stored before it
/// is confirmed to the server.
/// </summary>
internal sealed class PostgresTask : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);
    private readonly ConnectorConfig _config;
    private readonly ConnectorProgress _progress;
    private readonly Action<string> _log;
    private readonly PostgresEndpoint _endpoint;
    private readonly NpgsqlConnection _sql;
    private readonly RecordSink _sink;
    private readonly OffsetStore _store;
    private readonly TableFilter _filter;
    private readonly TableSchemas _schemas;
    private readonly CancellationTokenSource _failed = new();
    private readonly string _slot;
    private Exception? _failure;

    public PostgresTask(
        ConnectorConfig config, string bootstrapServers, ConnectorProgress progress, Action<string> log)
    {
        _config = config;
        _progress = progress;
        _log = log;
        _slot = config.String("slot.name");
        _endpoint = PostgresEndpoint.Of(config);
        var timeout = config.Int("database.query.timeout.ms") / 1000;
        _sql = new NpgsqlConnection(_endpoint.ConnectionString(ApplicationName, timeout));
        _sink = new RecordSink(bootstrapServers, config, Fail, log);
        _store = new OffsetStore(_sink, bootstrapServers, config);
        _filter = new TableFilter(config);
        _schemas = new TableSchemas(_filter, config.ValueModes(), config.ConverterSettings(),
            config.String("topic.prefix"), config.String("topic.delimiter"));
    }

    /// <summary>Whether an orderly stop waits for what is under way; without, a stop is like a death.</summary>
    public bool FlushOnStop { get; init; } = true;

    private string ApplicationName => $"millrace {_config.Name}";

    /// <summary>Returns when the connector has nothing left to do (snapshot.mode=initial_only).</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _failed.Token);
        try
        {
            await RunToEndAsync(stop.Token);
        }
        catch (Exception) when (_failure is not null && !cancellation.IsCancellationRequested)
        {
            throw KafkaErrors.Translate(_failure);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Fatal(e, _endpoint, _slot) ?? KafkaErrors.Translate(e);
        }
    }

    /// <summary>Drops the slot, for slot.drop.on.stop.</summary>
    public static async Task DropSlotAsync(ConnectorConfig config)
    {
        await using var sql = new NpgsqlConnection(PostgresEndpoint.Of(config).ConnectionString("millrace", 30));
        await sql.OpenAsync();
        await ReplicationSlot.DropAsync(sql, config.String("slot.name"), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _sql.DisposeAsync();
        _sink.Dispose();
        _failed.Dispose();
    }

    private async Task RunToEndAsync(CancellationToken cancellation)
    {
        var stored = await _store.ReadAsync(cancellation);
        await SqlSession.OpenAsync(_sql, cancellation);
        var tables = await PrepareAsync(cancellation);
        var publisher = new ChangePublisher(_config, _sink, _progress);
        var offsets = new SourceOffsets();
        var committer = new OffsetCommitter(offsets, _store, _progress,
            TimeSpan.FromMilliseconds(_config.Int("offset.flush.interval.ms")));

        await using var replication = await Opening.OpenAsync(_endpoint, ApplicationName, cancellation);
        var server = replication.Server;
        var slots = new SlotStart(_sql, replication.Connection, _config, _log);
        var plan = await slots.PlanAsync(stored, server, cancellation);
        var start = plan.Start;
        if (plan.Snapshot is { } snapshot)
        {
            _progress.Enter(ConnectorState.Snapshot);
            if (snapshot.ReplacesSlot)
                start = await slots.CreateAsync(_store, server, cancellation);
            if (snapshot.Rows)
            {
                var run = new SnapshotRun(_endpoint, _config, _schemas, publisher, _log);
                start = await run.RunAsync(tables, start, slots.ExportedSnapshot, offsets, cancellation);
                await WaitCompleteAsync(offsets, cancellation);
            }
            await committer.CommitAsync(start!, _ => { }, cancellation);
            if (_config.String("snapshot.mode") == "initial_only")
                return;
        }
        if (start is null)
            return;
        if (stored is null && plan.Snapshot is null)
            await committer.CommitAsync(start, _ => { }, cancellation);
        await StreamAsync(replication.Connection, start, publisher, offsets, committer, cancellation);
    }

    /// <summary>Finds the captured tables, checks what must hold, makes the publication.</summary>
    private async Task<List<TableDescription>> PrepareAsync(CancellationToken cancellation)
    {
        var check = new Preflight(_sql, _config);
        await check.ServerAsync(cancellation);
        var all = await new Catalog(_sql).TablesAsync(null, cancellation);
        var viaRoot = _config.Bool("publish.via.partition.root");
        var tables = all.Where(t => _filter.IncludesTable(t.Schema, t.Name)
            && (viaRoot ? !t.IsPartition : t.Kind == 'r')).ToList();
        var publication = new Publication(_sql, _config);
        var published = _config.String("publication.autocreate.mode") == "all_tables" ? all : tables;
        await check.TablesAsync(tables, _filter, publication.NeedsIdentity, cancellation);
        if (publication.NeedsIdentity)
            Preflight.Identity(published);
        await publication.EnsureAsync(tables, cancellation);
        return tables;
    }

    private async Task StreamAsync(ReplicationConnection connection, SourceOffset start, ChangePublisher publisher,
        SourceOffsets offsets, OffsetCommitter committer, CancellationToken cancellation)
    {
        var interval = _config.Int("status.update.interval.ms");
        await using var stream = await ReplicationStream.StartAsync(connection, _slot,
            _config.String("publication.name"), start.End, TimeSpan.FromMilliseconds(interval), cancellation);
        _progress.Enter(ConnectorState.Streaming);
        _log($"streaming from {start.End}");
        using var stopCommits = CancellationTokenSource.CreateLinkedTokenSource(_failed.Token);
        using var hardStop = CancellationTokenSource.CreateLinkedTokenSource(_failed.Token);
        await using var grace = cancellation.Register(
            () => hardStop.CancelAfter(FlushOnStop ? StopPatience : TimeSpan.Zero));
        var commits = committer.RunAsync(stream.Confirm, stopCommits.Token);
        var watch = commits.ContinueWith(t => Fail(t.Exception!.GetBaseException()), CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        var settings = new StreamSettings(start, _config.Bool("provide.transaction.metadata"),
            _config.Int("heartbeat.interval.ms"), interval);
        var changes = new ChangeStream(stream, new TableCatalog(_sql, _filter, _schemas, _log), publisher, offsets,
            settings)
        { TransactionRead = committer.CountTransaction };
        try
        {
            await changes.RunAsync(cancellation, hardStop.Token);
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            if (FlushOnStop && _failure is null && cancellation.IsCancellationRequested)
            {
                await committer.DrainAsync(StopPatience);
                await stream.TrySendStatusAsync();
            }
            await stopCommits.CancelAsync();
            await commits.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WaitCompleteAsync(SourceOffsets offsets, CancellationToken cancellation)
    {
        while (offsets.TakeCompleted() is null)
            await Task.Delay(5, cancellation);
    }

    private void Fail(Exception error)
    {
        if (Interlocked.CompareExchange(ref _failure, error, null) is null)
            _failed.Cancel();
    }
}
