using Confluent.Kafka;
using Millrace.Connect.Config;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;
using Millrace.Connect.Runtime;

namespace Millrace.Connect;

/// <summary>
/// Change data capture from one PostgreSQL database into Kafka topics. Runs attempts one after the other: what passes
/// with time is retried with a growing pause, what the user must cure ends it.
/// </summary>
public sealed class PostgresConnector : IAsyncDisposable
{
    private const int DropAttempts = 20;
    private static readonly TimeSpan DropPause = TimeSpan.FromMilliseconds(100);
    private readonly ConnectorConfig _config;
    private readonly string _bootstrapServers;
    private readonly Action<string> _log;
    private readonly ConnectorProgress _progress = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <param name="config">The connector's properties.</param>
    /// <param name="bootstrapServers">The embedded broker; the property bootstrap.servers goes before it.</param>
    /// <param name="log">Gets one line for everything worth telling.</param>
    public PostgresConnector(ConnectorConfig config, string bootstrapServers, Action<string> log)
    {
        _config = config;
        _bootstrapServers = config.String("bootstrap.servers") is { Length: > 0 } own ? own : bootstrapServers;
        _log = line => log($"[{config.Name}] {line}");
    }

    /// <summary>False makes a stop like a death; for tests of exactly that.</summary>
    internal bool FlushOnStop { get; init; } = true;

    public ConnectorStatus Status => _progress.Status;

    /// <summary>
    /// Runs until cancelled (returns), finished (initial_only) or failed: <see cref="ConnectorException"/> or
    /// <see cref="ConfigException"/>. To be called once.
    /// </summary>
    public Task RunAsync(CancellationToken cancellation)
    {
        return _running = LoopAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        var initial = TimeSpan.FromMilliseconds(_config.Int("errors.retry.delay.initial.ms"));
        var longest = TimeSpan.FromMilliseconds(_config.Int("errors.retry.delay.max.ms"));
        var delay = initial;
        for (var retries = 0; ; retries++)
        {
            try
            {
                _progress.Enter(ConnectorState.Starting);
                await using (var task = NewTask())
                    await task.RunAsync(linked.Token);
                _progress.Enter(ConnectorState.Stopped);
                return;
            }
            catch (Exception) when (linked.IsCancellationRequested)
            {
                await StopAsync();
                return;
            }
            catch (Exception e) when (IsRetriable(e) && !IsExhausted(retries))
            {
                if (Status.State == ConnectorState.Streaming)
                    delay = initial;
                Retry(e, delay);
            }
            catch (Exception e)
            {
                _progress.Enter(ConnectorState.Failed, e.Message);
                _log("failed: " + e.Message);
                throw;
            }
            await Task.Delay(delay, linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < longest ? delay * 2 : longest;
        }
    }

    private PostgresTask NewTask() => new(_config, _bootstrapServers, _progress, _log) { FlushOnStop = FlushOnStop };

    private void Retry(Exception error, TimeSpan delay)
    {
        var message = PostgresErrors.Describe(error, PostgresEndpoint.Of(_config));
        _progress.Enter(ConnectorState.Retrying, message);
        _log($"{message}; trying again in {delay.TotalMilliseconds:0} ms");
    }

    private async Task StopAsync()
    {
        if (_config.Bool("slot.drop.on.stop"))
        {
            await DropSlotAsync();
        }
        _progress.Enter(ConnectorState.Stopped);
    }

    /// <summary>The server may hold the slot for a moment after the stream has ended.</summary>
    private async Task DropSlotAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await PostgresTask.DropSlotAsync(_config);
                return;
            }
            catch (Exception e) when (PostgresErrors.IsRetriable(e))
            {
                if (attempt == DropAttempts)
                {
                    _log("the slot could not be dropped: " + e.Message);
                    return;
                }
                await Task.Delay(DropPause);
            }
        }
    }

    private bool IsExhausted(int retries) =>
        _config.Int("errors.max.retries") is var most and >= 0 && retries >= most;

    private static bool IsRetriable(Exception error) =>
        error is KafkaException || PostgresErrors.IsRetriable(error);
}
