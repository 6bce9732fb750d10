using System.Text.Json;
using Npgsql;

namespace Millrace.Integration.Connect;

/// <summary>
/// Four sessions that insert, update, delete and change keys in one table, some hundred statements a second, whether the
/// server is there or not, until they are told to finish.
/// </summary>
internal sealed class Workload : IAsyncDisposable
{
    public const string Table = "CREATE TABLE t (id bigserial PRIMARY KEY, v text NOT NULL, n int NOT NULL)";
    private const int Sessions = 4;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private readonly PrivatePostgres _postgres;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sessions;

    public Workload(PrivatePostgres postgres)
    {
        _postgres = postgres;
        _sessions = Task.WhenAll(Enumerable.Range(0, Sessions).Select(number => Task.Run(() => Write(number))));
    }

    public async Task Finish()
    {
        await _stop.CancelAsync();
        await _sessions;
    }

    /// <summary>The topic folded by key is the table.</summary>
    public async Task AssertTopicIsTable(string bootstrap, string prefix)
    {
        var folded = new SortedDictionary<long, string>();
        foreach (var record in TopicReader.Read(bootstrap, [$"{prefix}.public.t"]))
        {
            var id = JsonDocument.Parse(record.Key!).RootElement.GetProperty("id").GetInt64();
            var after = record.Value is null ? default
                : JsonDocument.Parse(record.Value).RootElement.GetProperty("after");
            if (after.ValueKind == JsonValueKind.Object)
                folded[id] = $"{after.GetProperty("v").GetString()}/{after.GetProperty("n").GetInt32()}";
            else
                folded.Remove(id);
        }

        var table = await _postgres.ScalarAsync<string[]>(
            "postgres", "SELECT array_agg(id || ':' || v || '/' || n ORDER BY id) FROM t");
        Assert.Equal(table, folded.Select(row => $"{row.Key}:{row.Value}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sessions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Write(int number)
    {
        var random = new Random(number);
        using var timer = new PeriodicTimer(Pace);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(_postgres.ConnectionString());
                await connection.OpenAsync();
                while (!_stop.IsCancellationRequested)
                {
                    await using var command = new NpgsqlCommand(Statement(random), connection);
                    await command.ExecuteNonQueryAsync();
                    await timer.WaitForNextTickAsync();
                }
            }
            catch (NpgsqlException)
            {
                // The server is away, or two sessions met in a deadlock: go on with the next statement.
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private static string Statement(Random random) => random.Next(10) switch
    {
        < 5 => $"INSERT INTO t (v, n) SELECT 'v' || g, g FROM generate_series(1, {random.Next(1, 20)}) g",
        < 8 => $"UPDATE t SET n = n + 1 WHERE id % 50 = {random.Next(50)} AND n < 10",
        8 => $"DELETE FROM t WHERE id % 97 = {random.Next(97)}",
        _ => $"UPDATE t SET id = id + 1000000 WHERE id % 211 = {random.Next(211)} AND id < 1000000",
    };
}
