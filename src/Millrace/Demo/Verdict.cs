using Millrace.Demo.Services;
using Npgsql;

namespace Millrace.Demo;

/// <summary>What the comparison of one service's durable copy with the database shows.</summary>
/// <param name="Service">Which one.</param>
/// <param name="Expected">Row changes committed in its tables, the initial rows included.</param>
/// <param name="Totals">What it counted.</param>
/// <param name="Rows">Rows of its tables.</param>
/// <param name="Differences">Rows, or derived values, that are missing, surplus or different.</param>
/// <param name="Example">One of them.</param>
internal sealed record ServiceVerdict(
    string Service, long Expected, JournalCommit Totals, long Rows, long Differences, string? Example)
{
    /// <summary>How many of the expected are initial rows.</summary>
    public long InitialRows => Shop.FirstRowsOf(ServiceNames.View(Service).Tables);

    /// <summary>Committed changes that it did not get.</summary>
    public long Lost => Math.Max(Totals.Gaps, Math.Max(0, Expected - Totals.Applied));

    /// <summary>Changes that it got and nobody committed.</summary>
    public long Surplus => Math.Max(0, Totals.Applied - Expected);

    public bool IsRight => Lost == 0 && Surplus == 0 && Differences == 0;
}

/// <summary>Compares the services' copies with the tables, row by row.</summary>
internal static class Verdict
{
    public static async Task<ServiceVerdict> OfAsync(ConsumerProcess service, OrderApplication application,
        PrivatePostgres postgres, CancellationToken cancelled)
    {
        var copy = Copy.Load(ServiceNames.View(service.Name), service.Directory);
        await using var connection = await postgres.ConnectAsync(cancelled);
        var (rows, differences, example) = (0L, 0L, (string?)null);
        foreach (var table in service.Tables)
        {
            var wanted = await ReadAsync(connection, copy.View.RowsQuery(table), cancelled);
            rows += wanted.Count;
            Compare(table, wanted, copy.RowsOf(table));
        }

        if (copy.View.DerivedQuery is { } query)
            Compare("derived", await ReadAsync(connection, query, cancelled), copy.View.Derived);
        return new ServiceVerdict(
            service.Name, ExpectedBy(service, application), copy.Totals, rows, differences, example);

        void Compare(string what, Dictionary<string, string> wanted, IEnumerable<KeyValuePair<string, string>> found)
        {
            foreach (var (key, text) in found)
            {
                if (!wanted.Remove(key, out var right) || right != text)
                    Differ($"{what} {key}: the service has {text}, the database {right ?? "nothing"}");
            }

            foreach (var (key, text) in wanted)
                Differ($"{what} {key}: the service has nothing, the database {text}");
        }

        void Differ(string difference)
        {
            differences++;
            example ??= difference;
        }
    }

    /// <summary>The changes a service must have applied when it has everything.</summary>
    public static long ExpectedBy(ConsumerProcess service, OrderApplication application) =>
        application.ChangesIn(service.Tables) + Shop.FirstRowsOf(service.Tables);

    private static async Task<Dictionary<string, string>> ReadAsync(
        NpgsqlConnection connection, string query, CancellationToken cancelled)
    {
        var rows = new Dictionary<string, string>();
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync(cancelled);
        while (await reader.ReadAsync(cancelled))
            rows.Add(reader.GetString(0), reader.GetString(1));
        return rows;
    }
}
