using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>Ordinary sessions with the settings that make text values the same everywhere.</summary>
internal static class SqlSession
{
    public static async Task OpenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await connection.OpenAsync(cancellation);
        foreach (var (name, value) in PostgresEndpoint.TextSettings)
        {
            await using var command = new NpgsqlCommand($"SET {name} = {PostgresEndpoint.Literal(value)}", connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
