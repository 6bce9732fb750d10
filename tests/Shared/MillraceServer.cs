namespace Millrace.Shared;

/// <summary>
/// <c>millrace server</c> as a process of its own, on a data directory in a temporary folder or in one that is given.
/// It can be ended in every way and started again on the same directory and ports.
/// </summary>
internal sealed class MillraceServer : IAsyncDisposable
{
    private readonly DirectoryInfo? _ownFolder;
    private readonly string[] _arguments;
    private readonly int _openFiles;
    private ChildProcess? _process;

    private MillraceServer(string[] arguments, int openFiles, string? data)
    {
        _arguments = arguments;
        _openFiles = openFiles;
        _ownFolder = data is null ? Directory.CreateTempSubdirectory("millrace-") : null;
        Data = data ?? Path.Combine(_ownFolder!.FullName, "data");
    }

    public string Data { get; }

    public int Port { get; } = FreePort.Next();

    public string Bootstrap => $"127.0.0.1:{Port}";

    public string Http { get; } = $"127.0.0.1:{FreePort.Next()}";

    /// <summary>The process that runs, or ran last.</summary>
    public ChildProcess Process => _process ?? throw new InvalidOperationException("not started");

    public string Errors => Process.Errors;

    /// <summary>The program of the configuration that the tests were built in.</summary>
    private static string Program { get; } = Checkout.File(
        "src", "Millrace", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "millrace");

    /// <summary>Starts a server that serves, on a new data directory.</summary>
    public static Task<MillraceServer> Start(params string[] arguments) => StartWith(0, arguments);

    /// <summary>The same on a data directory that is filled before, given its path.</summary>
    public static Task<MillraceServer> StartOn(Action<string> fill, params string[] arguments) =>
        StartWith(0, arguments, fill);

    /// <summary>The same with a limit of open files, 0 being that of the tests.</summary>
    public static Task<MillraceServer> StartWith(int openFiles, params string[] arguments) =>
        StartWith(openFiles, arguments, _ => { });

    /// <summary>The same on a data directory that belongs to somebody else, and outlives the server.</summary>
    public static async Task<MillraceServer> StartIn(string data, params string[] arguments)
    {
        var server = In(data, arguments);
        await server.StartAgain();
        return server;
    }

    /// <summary>One that is not started yet.</summary>
    public static MillraceServer In(string data, params string[] arguments) => new(arguments, 0, data);

    private static async Task<MillraceServer> StartWith(int openFiles, string[] arguments, Action<string> fill)
    {
        var server = new MillraceServer(arguments, openFiles, data: null);
        try
        {
            fill(server.Data);
            await server.StartAgain();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The program with any arguments.</summary>
    public static ChildProcess Run(params IEnumerable<string> arguments) => ChildProcess.Start(Program, arguments);

    /// <summary>Starts the server after it has ended.</summary>
    public async Task StartAgain()
    {
        if (!await TryStartAgain())
            throw new InvalidOperationException($"The server did not start: {Errors}");
    }

    /// <summary>The same; false when the server ends instead, and <see cref="Errors"/> says why.</summary>
    public async Task<bool> TryStartAgain()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        string[] command = [Program, "server", "--data", Data, "--kafka", Bootstrap, "--http", Http, .. _arguments];
        _process = _openFiles == 0
            ? ChildProcess.Start(command[0], command[1..])
            : ChildProcess.Start("/bin/sh", ["-c", $"ulimit -n {_openFiles}; exec \"$@\"", "sh", .. command]);
        using var deadline = ChildProcess.Deadline();
        while (await _process.Output.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.StartsWith("ready ", StringComparison.Ordinal))
            {
                Assert.Equal($"ready kafka={Bootstrap} http={Http}", line);
                return true;
            }
        }

        await _process.Exit(deadline.Token);
        return false;
    }

    /// <summary>kill -9.</summary>
    public Task Kill() => Process.Kill();

    /// <summary>Asks the server to end, as an operator does; its exit code.</summary>
    public Task<int> Terminate() => Process.Terminate();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _ownFolder?.Delete(recursive: true);
    }
}
