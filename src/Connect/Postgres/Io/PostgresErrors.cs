using System.Net.Sockets;
using System.Security.Authentication;
using Millrace.Connect.Runtime;
using Npgsql;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// The one place that decides what an error of the database means: wait and try again, or stop and say what cures it.
/// </summary>
internal static class PostgresErrors
{
    /// <summary>The error as one that ends the connector, or null where waiting helps.</summary>
    public static ConnectorException? Fatal(Exception error, PostgresEndpoint endpoint, string slot)
    {
        var user = PostgresEndpoint.Quoted(endpoint.User);
        var where = $"{endpoint.Host}:{endpoint.Port}";
        var state = SqlState(error);
        return state switch
        {
            "28P01" => new ConnectorException($"PostgreSQL at {where} refused the password of user {endpoint.User}",
                $"correct database.password, or: ALTER ROLE {user} PASSWORD '...';", error),
            "28000" => new ConnectorException($"PostgreSQL at {where} refused user {endpoint.User}: {error.Message}",
                "allow it in pg_hba.conf, e.g.: host all " + endpoint.User + " <our address>/32 scram-sha-256, then: "
                + "SELECT pg_reload_conf(); or create it: "
                + $"CREATE ROLE {user} LOGIN REPLICATION PASSWORD '...';", error),
            "3D000" => new ConnectorException($"database {endpoint.Database} does not exist at {where}",
                $"correct database.dbname, or: CREATE DATABASE {PostgresEndpoint.Quoted(endpoint.Database)};", error),
            "42501" => new ConnectorException($"user {endpoint.User} lacks a privilege: {error.Message}",
                $"ALTER ROLE {user} REPLICATION; GRANT USAGE ON SCHEMA <schema> TO {user}; "
                + $"GRANT SELECT ON ALL TABLES IN SCHEMA <schema> TO {user};", error),
            "55000" when error.Message.Contains("wal_level", StringComparison.Ordinal) => WalLevel(error),
            "55000" => new ConnectorException($"replication slot {slot} cannot be used: {error.Message}",
                $"SELECT pg_drop_replication_slot('{slot}'); and start with snapshot.mode=when_needed to read the "
                + "tables again", error),
            "42704" => new ConnectorException($"something the stream needs does not exist: {error.Message}",
                $"if it is the publication: changes since it was dropped cannot be read; SELECT "
                + $"pg_drop_replication_slot('{slot}'); and start with snapshot.mode=when_needed", error),
            "53400" => new ConnectorException($"no replication slot is free: {error.Message}",
                "ALTER SYSTEM SET max_replication_slots = 20; and restart PostgreSQL, or drop an unused slot: "
                + "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active;", error),
            _ when error is AuthenticationFailedException => new ConnectorException(
                $"cannot log in to PostgreSQL at {where}: {error.Message}",
                "correct database.sslmode or the server's authentication (pg_hba.conf)", error),
            _ when error is AuthenticationException || error.InnerException is AuthenticationException =>
                new ConnectorException(
                $"the certificate of PostgreSQL at {where} is not accepted: {error.Message}",
                "set database.sslrootcert to the authority's certificate, or database.sslmode=require", error),
            _ => null,
        };
    }

    public static ConnectorException WalLevel(Exception? error = null) => new(
        "PostgreSQL's wal_level is not 'logical', so it does not record what a change stream needs",
        "ALTER SYSTEM SET wal_level = logical; and restart PostgreSQL", error);

    /// <summary>Whether the database is away or busy, which passes.</summary>
    public static bool IsRetriable(Exception error) => error switch
    {
        SocketException or IOException or TimeoutException => true,
        PostgresServerException e => IsRetriableState(e.SqlState),
        PostgresException e => IsRetriableState(e.SqlState),
        NpgsqlException => true,
        _ => false,
    };

    public static string Describe(Exception error, PostgresEndpoint endpoint) => error switch
    {
        SocketException or NpgsqlException { InnerException: SocketException } =>
            $"PostgreSQL at {endpoint.Host}:{endpoint.Port} is not reachable: {error.Message}",
        _ => OneLine(error.Message),
    };

    private static string OneLine(string text) => string.Join(
        ' ', text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string? SqlState(Exception error) => error switch
    {
        PostgresServerException e => e.SqlState,
        PostgresException e => e.SqlState,
        _ => null,
    };

    /// <summary>Connection loss, resources, operator intervention, a slot in use, conflicts with recovery.</summary>
    private static bool IsRetriableState(string state) =>
        state[..2] is "08" or "53" or "57" or "58" or "40" || state is "55006" or "XX000" or "25006";
}
