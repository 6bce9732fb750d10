using System.Collections.Concurrent;
using Millrace.Connect;
using Millrace.Connect.Config;
using Millrace.Connect.Postgres;
using Millrace.Connect.Runtime;
using Millrace.Shared;

namespace Millrace.Integration.Connect;

/// <summary>A connector in this process with its log lines.</summary>
internal sealed class ConnectorUnderTest : IAsyncDisposable
{
    private readonly PostgresConnector _connector;
    private readonly CancellationTokenSource _stop = new();

    public ConnectorUnderTest(IReadOnlyDictionary<string, string> properties, string bootstrap, bool flushOnStop = true)
    {
        _connector = new PostgresConnector(ConnectorConfig.Of(properties), bootstrap, Log.Enqueue)
        {
            FlushOnStop = flushOnStop,
        };
        Run = _connector.RunAsync(_stop.Token);
    }

    public ConcurrentQueue<string> Log { get; } = new();

    public Task Run { get; }

    public ConnectorStatus Status => _connector.Status;

    public static Dictionary<string, string> Properties(PrivatePostgres postgres, string database, string slot) => new()
    {
        ["name"] = database,
        ["connector.class"] = "io.debezium.connector.postgresql.PostgresConnector",
        ["topic.prefix"] = database,
        ["database.hostname"] = "127.0.0.1",
        ["database.port"] = $"{postgres.Port}",
        ["database.user"] = "postgres",
        ["database.dbname"] = database,
        ["slot.name"] = slot,
        ["status.update.interval.ms"] = "100",
        ["errors.retry.delay.initial.ms"] = "100",
        ["errors.retry.delay.max.ms"] = "500",
        ["offset.storage.topic"] = $"offsets-{database}",
    };

    public Task StreamingAsync() => UntilAsync(() => Status.State == ConnectorState.Streaming);

    /// <summary>Waits until everything committed so far is in the log and confirmed.</summary>
    public async Task CaughtUpAsync(PrivatePostgres postgres, string database)
    {
        await StreamingAsync();
        var target = Lsn.Parse(await postgres.ScalarAsync<string>(database,
            "SELECT pg_current_wal_insert_lsn()::text FROM pg_logical_emit_message(true, 'caught-up', '')"));
        await UntilAsync(() => Lsn.Parse(Status.ConfirmedLsn) >= target);
    }

    /// <summary>Waits until the condition holds; a connector that fails meanwhile fails the test.</summary>
    public Task UntilAsync(Func<bool> condition) => Poll.Until(
        async () =>
        {
            if (condition())
                return true;
            if (Run.IsFaulted)
                await Run;
            return false;
        },
        () => $"{Status}\n{string.Join('\n', Log)}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _connector.DisposeAsync();
        _stop.Dispose();
    }
}
