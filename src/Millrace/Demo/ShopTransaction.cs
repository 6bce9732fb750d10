using Npgsql;

namespace Millrace.Demo;

/// <summary>One transaction of the application: its statements, and what follows for the application when it is
/// committed.</summary>
internal sealed class ShopTransaction
{
    private readonly List<(string Table, string Sql, object[] Values)> _statements = [];

    /// <summary>To be rolled back at the end, as applications do that find out late.</summary>
    public bool IsRolledBack { get; init; }

    public Action OnCommitted { get; init; } = () => { };

    public ShopTransaction Add(string table, string sql, params object[] values)
    {
        _statements.Add((table, sql, values));
        return this;
    }

    /// <summary>Executes the statements and says how many rows of each table they changed.</summary>
    public async Task<Dictionary<string, int>> ExecuteAsync(NpgsqlConnection connection, CancellationToken cancelled)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (_, sql, values) in _statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancelled);
        var changes = new Dictionary<string, int>();
        for (var i = 0; i < _statements.Count; i++)
        {
            var table = _statements[i].Table;
            changes[table] = changes.GetValueOrDefault(table) + batch.BatchCommands[i].RecordsAffected;
        }

        return changes;
    }
}
