using System.Diagnostics;
using Npgsql;

namespace Millrace.Demo;

/// <summary>
/// The order-taking application: several writers, each with a connection, together at a given rate.
/// 1. A transaction counts when its COMMIT was acknowledged.
/// 2. Where the answer to a COMMIT is lost, the writer asks the database before it goes on, so no count is a guess.
/// </summary>
internal sealed class OrderApplication(PrivatePostgres postgres, int rate)
{
    private const int Writers = 8;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);

    /// <summary>What the writers were kept from doing longer ago than this is not made up for.</summary>
    private static readonly TimeSpan MostCatchUp = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, long> _changes = Shop.Tables.ToDictionary(table => table, _ => 0L);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long _committed;
    private long _rolledBack;
    private long _interrupted;
    private long _inDoubt;

    public long Committed => Interlocked.Read(ref _committed);

    public long RolledBack => Interlocked.Read(ref _rolledBack);

    /// <summary>Transactions that a crash of the database ended before their COMMIT.</summary>
    public long Interrupted => Interlocked.Read(ref _interrupted);

    /// <summary>COMMITs whose answer was lost; each was settled by reading.</summary>
    public long InDoubt => Interlocked.Read(ref _inDoubt);

    public bool HasFailed => _running.IsFaulted;

    /// <summary>Row changes of the committed transactions.</summary>
    public long ChangesIn(IEnumerable<string> tables)
    {
        lock (_changes)
            return tables.Sum(table => _changes[table]);
    }

    public void Start(CancellationToken cancelled) =>
        _running = Task.WhenAll(Enumerable.Range(0, Writers)
            .Select(writer => Task.Run(() => WriteAsync(writer, cancelled), cancelled)));

    /// <summary>Returns when the last transaction of each writer is settled.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async Task ThrowIfFailedAsync()
    {
        if (HasFailed)
            await _running;
    }

    private async Task WriteAsync(int writer, CancellationToken cancelled)
    {
        var book = new OrderBook(writer, Writers);
        var period = TimeSpan.FromSeconds((double)Writers / rate);
        var clock = Stopwatch.StartNew();
        var due = period * ((double)writer / Writers);
        NpgsqlConnection? connection = null;
        try
        {
            for (var number = 1L; !_stop.IsCancellationRequested; number++)
            {
                connection = await ExecuteAsync(connection, writer, number, book.Next(), cancelled);
                due = Later(due + period, clock.Elapsed - MostCatchUp);
                if (due > clock.Elapsed)
                    await Task.Delay(due - clock.Elapsed, cancelled);
            }
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }

    /// <summary>Returns the connection for the next one.</summary>
    private async Task<NpgsqlConnection> ExecuteAsync(NpgsqlConnection? connection, int writer, long number,
        ShopTransaction transaction, CancellationToken cancelled)
    {
        connection ??= await ConnectAsync(cancelled);
        var isCommitting = false;
        var changes = new Dictionary<string, int>();
        try
        {
            await using var scope = await connection.BeginTransactionAsync(cancelled);
            await NoteProgressAsync(connection, writer, number, cancelled);
            changes = await transaction.ExecuteAsync(connection, cancelled);
            if (transaction.IsRolledBack)
            {
                await scope.RollbackAsync(cancelled);
                Interlocked.Increment(ref _rolledBack);
                return connection;
            }

            isCommitting = true;
            await scope.CommitAsync(cancelled);
            Count(transaction, changes);
            return connection;
        }
        catch (NpgsqlException) when (!cancelled.IsCancellationRequested)
        {
            await connection.DisposeAsync();
        }

        connection = await ConnectAsync(cancelled);
        if (isCommitting)
            Interlocked.Increment(ref _inDoubt);
        if (isCommitting && await ProgressAsync(connection, writer, cancelled) == number)
            Count(transaction, changes);
        else
            Interlocked.Increment(ref _interrupted);
        return connection;
    }

    private void Count(ShopTransaction transaction, Dictionary<string, int> changes)
    {
        transaction.OnCommitted();
        Interlocked.Increment(ref _committed);
        lock (_changes)
        {
            foreach (var (table, count) in changes)
                _changes[table] += count;
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancelled)
    {
        while (true)
        {
            try
            {
                return await postgres.ConnectAsync(cancelled);
            }
            catch (NpgsqlException) when (!cancelled.IsCancellationRequested)
            {
                await Task.Delay(RetryPause, cancelled);
            }
        }
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static async Task NoteProgressAsync(
        NpgsqlConnection connection, int writer, long number, CancellationToken cancelled)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO application_progress VALUES ($1, $2) ON CONFLICT (writer) DO UPDATE SET transaction = $2",
            connection)
        { Parameters = { new() { Value = writer }, new() { Value = number } } };
        await command.ExecuteNonQueryAsync(cancelled);
    }

    /// <summary>Waits for a lost session of the same writer that still holds its row.</summary>
    private static async Task<long> ProgressAsync(NpgsqlConnection connection, int writer, CancellationToken cancelled)
    {
        await using var command = new NpgsqlCommand(
            "SELECT transaction FROM application_progress WHERE writer = $1 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = writer } },
        };
        return await command.ExecuteScalarAsync(cancelled) is long number ? number : 0;
    }
}
