using System.Globalization;

namespace Millrace.Connect.Postgres.Io;

/// <summary>A replication connection together with the identity of the server it reached.</summary>
internal sealed class Opening(ReplicationConnection connection, ServerIdentity server) : IAsyncDisposable
{
    public ReplicationConnection Connection { get; } = connection;

    public ServerIdentity Server { get; } = server;

    public static async Task<Opening> OpenAsync(
        PostgresEndpoint endpoint, string applicationName, CancellationToken cancellation)
    {
        var connection = await ReplicationConnection.OpenAsync(endpoint, applicationName, cancellation);
        try
        {
            var row = (await connection.QueryAsync("IDENTIFY_SYSTEM", cancellation)).Single();
            return new Opening(connection, new ServerIdentity(row[0] ?? "",
                int.Parse(row[1] ?? "0", CultureInfo.InvariantCulture), Lsn.Parse(row[2] ?? "0/0")));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
