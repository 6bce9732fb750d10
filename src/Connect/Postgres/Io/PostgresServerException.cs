namespace Millrace.Connect.Postgres.Io;

/// <summary>An error message of the server on the replication connection.</summary>
internal sealed class PostgresServerException(string sqlState, string message)
    : Exception($"{message} ({sqlState})")
{
    public string SqlState { get; } = sqlState;
}
