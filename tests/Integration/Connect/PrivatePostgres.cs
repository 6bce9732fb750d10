using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Millrace.Shared;
using Npgsql;

namespace Millrace.Integration.Connect;

/// <summary>
/// A PostgreSQL server of our own in a temporary directory on a free port, as user postgres when we are root. Its
/// cluster is in UTC and UTF-8; trust authentication.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const int MaxAttempts = 50;
    private readonly string _binaries;
    private readonly DirectoryInfo _directory;
    private readonly string _settings;
    private Process? _postmaster;

    private PrivatePostgres(string binaries, DirectoryInfo directory, string settings)
    {
        _binaries = binaries;
        _directory = directory;
        _settings = settings;
        Port = FreePort.Next();
    }

    public int Port { get; }

    private string Data => Path.Combine(_directory.FullName, "data");

    /// <summary>The newest server of the distribution, else the one in PATH; null if there is none.</summary>
    public static string? Binaries()
    {
        const string Debian = "/usr/lib/postgresql";
        var candidates = Directory.Exists(Debian)
            ? Directory.GetDirectories(Debian).OrderByDescending(d => d).Select(d => Path.Combine(d, "bin"))
            : [];
        return candidates.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")) && File.Exists(Path.Combine(d, "postgres")));
    }

    /// <summary>Skips the test where no server is installed.</summary>
    public static void Require() => Assert.SkipWhen(Binaries() is null, "no PostgreSQL server is installed");

    public static async Task<PrivatePostgres> StartAsync(string settings = "")
    {
        var binaries = Binaries() ?? throw new InvalidOperationException("no PostgreSQL server is installed");
        var directory = Directory.CreateTempSubdirectory("pg-");
        var server = new PrivatePostgres(binaries, directory, settings);
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", ["postgres", directory.FullName]);
        await server.AsOwnerAsync("initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync");
        await server.BootAsync();
        return server;
    }

    public string ConnectionString(string database = "postgres") =>
        $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database};Pooling=false";

    public async Task BootAsync()
    {
        string[] options =
        [
            "-D", Data, "-p", $"{Port}", "-k", _directory.FullName, "-c", "listen_addresses=127.0.0.1",
            "-c", "wal_level=logical", "-c", "fsync=off", "-c", "max_replication_slots=200", "-c", "TimeZone=UTC",
            "-c", "max_prepared_transactions=10", "-c", "max_wal_senders=50", "-c", "shared_buffers=64MB",
            "-c", "max_connections=100", "-c", "log_min_messages=panic",
            .. _settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(s => new[] { "-c", s }),
        ];
        // After a kill the old processes may hold the shared memory for a moment; the server then refuses to start.
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            _postmaster = Process.Start(Owner("postgres", options))!;
            if (await ReadyAsync(_postmaster))
                return;
            _postmaster.Dispose();
        }
        throw new InvalidOperationException("PostgreSQL does not start");
    }

    private async Task<bool> ReadyAsync(Process postmaster)
    {
        await Poll.Until(async () => postmaster.HasExited || await AcceptsAsync(), () => "PostgreSQL does not start");
        return !postmaster.HasExited;
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString());
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>kill -9 of every process of the server.</summary>
    public async Task KillAsync()
    {
        var children = await OutputAsync("ps", ["-o", "pid=", "--ppid", $"{_postmaster!.Id}"]);
        _postmaster.Kill();
        foreach (var child in children.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            await RunAsync("bash", ["-c", $"kill -9 {child} 2>/dev/null || true"]);
        await _postmaster.WaitForExitAsync();
        _postmaster.Dispose();
    }

    /// <summary>From now on <paramref name="user"/> must give a password, by the given method.</summary>
    public async Task RequirePasswordAsync(string user, string method)
    {
        var file = Path.Combine(Data, "pg_hba.conf");
        var rules = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, $"host all {user} 127.0.0.1/32 {method}\n{rules}");
        await SqlAsync("postgres", "SELECT pg_reload_conf()");
    }

    /// <summary>Turns TLS on with a self-signed certificate for 127.0.0.1; returns the certificate's file.
    /// </summary>
    public async Task<string> EnableTlsAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var file = Path.Combine(_directory.FullName, "server.crt");
        var keyFile = Path.Combine(_directory.FullName, "server.key");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        await RunAsync("chmod", ["600", keyFile]);
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", ["postgres", file, keyFile]);
        await SqlAsync("postgres", $"ALTER SYSTEM SET ssl_cert_file = '{file}'");
        await SqlAsync("postgres", $"ALTER SYSTEM SET ssl_key_file = '{keyFile}'");
        await SqlAsync("postgres", "ALTER SYSTEM SET ssl = on");
        await SqlAsync("postgres", "SELECT pg_reload_conf()");
        return file;
    }

    public async Task SqlAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A psql session that reads the script given to it and goes on after errors.</summary>
    public Process Psql(string database)
    {
        var start = new ProcessStartInfo(Path.Combine(_binaries, "psql"),
            ["-X", "-q", "-h", "127.0.0.1", "-p", $"{Port}", "-U", "postgres", "-d", database])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    public async Task PsqlAsync(string database, string script)
    {
        using var psql = Psql(database);
        var output = psql.StandardOutput.ReadToEndAsync();
        var errors = psql.StandardError.ReadToEndAsync();
        await psql.StandardInput.WriteAsync(script);
        psql.StandardInput.Close();
        await Task.WhenAll(output, errors, psql.WaitForExitAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_postmaster is { HasExited: false })
        {
            await AsOwnerAsync("pg_ctl", "-D", Data, "-m", "immediate", "stop");
            await _postmaster.WaitForExitAsync();
        }
        _postmaster?.Dispose();
        _directory.Delete(recursive: true);
    }

    private Task AsOwnerAsync(string program, params string[] arguments)
    {
        var start = Owner(program, arguments);
        return RunAsync(start.FileName, [.. start.ArgumentList]);
    }

    /// <summary>PostgreSQL refuses to run as root; setpriv keeps the process itself ours to kill.</summary>
    private ProcessStartInfo Owner(string program, string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        return Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv",
                ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
    }

    private static Task RunAsync(string program, string[] arguments) => OutputAsync(program, arguments);

    private static async Task<string> OutputAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, errors, process.WaitForExitAsync());
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed: {await errors}{await output}");
        return await output;
    }
}
