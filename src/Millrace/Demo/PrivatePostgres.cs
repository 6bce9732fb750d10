using System.Globalization;
using Npgsql;

namespace Millrace.Demo;

/// <summary>
/// A PostgreSQL server of the demo's own: its directory, its port on 127.0.0.1, no Unix socket, wal_level=logical and
/// fsync on. As root it runs under another user, because PostgreSQL refuses to run as root.
/// </summary>
internal sealed class PrivatePostgres : IDisposable
{
    private const string Password = "millrace";
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly string _programs;
    private readonly string _directory;
    private readonly Guard _guard;
    private readonly string[] _asUser;
    private ChildProcess? _server;

    private PrivatePostgres(string programs, string directory, Guard guard, string[] asUser)
    {
        _programs = programs;
        _directory = directory;
        _guard = guard;
        _asUser = asUser;
        Port = FreePort.Next();
    }

    public int Port { get; }

    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "shop",
        Password = Password,
        Database = "postgres",
        Pooling = false,
        Timeout = 5,
        CommandTimeout = 15,
        SslMode = SslMode.Disable,
    }.ConnectionString;

    /// <summary>The connector's view of it, in Debezium's property names.</summary>
    public string ConnectorProperties => string.Create(CultureInfo.InvariantCulture, $"""
        database.hostname=127.0.0.1
        database.port={Port}
        database.user=shop
        database.password={Password}
        database.dbname=postgres

        """);

    /// <summary>Makes the directory and starts the server.</summary>
    public static async Task<PrivatePostgres> CreateAsync(
        string programs, string directory, Guard guard, CancellationToken cancelled)
    {
        var user = Environment.IsPrivilegedProcess ? await UnprivilegedUserAsync(cancelled) : null;
        string[] asUser = user is null ? []
            : ["setpriv", "--reuid", user.Value.Uid, "--regid", user.Value.Gid, "--clear-groups"];
        var home = Path.Combine(directory, "postgres");
        Directory.CreateDirectory(home);
        var secret = Path.Combine(home, "password");
        await File.WriteAllTextAsync(secret, Password, cancelled);
        if (user is not null)
            await ChildProcess.RunAsync(["chown", "-R", $"{user.Value.Uid}:{user.Value.Gid}", home], cancelled);
        await ChildProcess.RunAsync([.. asUser, Path.Combine(programs, "initdb"),
            "--pgdata", Path.Combine(home, "data"), "--username", "shop", "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"], cancelled);
        var postgres = new PrivatePostgres(programs, home, guard, asUser);
        try
        {
            await postgres.StartAsync(cancelled);
        }
        catch
        {
            postgres.Dispose();
            throw;
        }

        return postgres;
    }

    /// <summary>Returns when the server takes connections. After a kill it may have to wait until the last of the
    /// old server's processes has let go of the shared memory; it just tries again.</summary>
    public async Task StartAsync(CancellationToken cancelled)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        patience.CancelAfter(StartPatience);
        try
        {
            while (true)
            {
                if (_server is null || _server.HasExited)
                    Launch();
                if (await AnswersAsync(patience.Token))
                    return;
                await Task.Delay(50, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            throw new DemoException($"PostgreSQL does not start:\n{LastWords()}");
        }
    }

    public void ThrowIfFailed()
    {
        if (_server is { HasFailed: true } failed)
            throw failed.Failure();
    }

    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancelled)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        try
        {
            await connection.OpenAsync(cancelled);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9 of the server and of its sessions and workers.</summary>
    public void Kill()
    {
        if (_server is not { } server)
            return;
        var children = ProcessTree.ChildrenOf(server.Id);
        server.Kill();
        ProcessTree.Kill(children);
        _guard.Forget(server.Id);
    }

    public void Dispose()
    {
        Kill();
        _server?.Dispose();
    }

    private void Launch()
    {
        Forget();
        _server = ChildProcess.Start("PostgreSQL",
            [.. _asUser, Path.Combine(_programs, "postgres"), "-D", Path.Combine(_directory, "data"),
                "-c", "listen_addresses=127.0.0.1", "-c", $"port={Port}", "-c", "unix_socket_directories=",
                "-c", "wal_level=logical", "-c", "fsync=on", "-c", "max_connections=50", "-c", "cluster_name=shop"],
            Path.Combine(_directory, "postgres.log"), _ => { });
        _guard.Watch(_server.Id);
    }

    private void Forget()
    {
        if (_server is null)
            return;
        _guard.Forget(_server.Id);
        _server.Dispose();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancelled)
    {
        try
        {
            await using var connection = await ConnectAsync(cancelled);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private string LastWords() =>
        string.Join('\n', File.ReadLines(Path.Combine(_directory, "postgres.log")).TakeLast(10));

    private static async Task<(string Uid, string Gid)?> UnprivilegedUserAsync(CancellationToken cancelled)
    {
        var users = (await File.ReadAllLinesAsync("/etc/passwd", cancelled)).Select(line => line.Split(':')).ToList();
        var user = users.Find(u => u[0] == "postgres") ?? users.Find(u => u[0] == "nobody")
            ?? throw new DemoException("PostgreSQL does not run as root. Run the demo as another user.");
        return (user[2], user[3]);
    }
}
