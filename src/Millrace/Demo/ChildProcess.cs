using System.Diagnostics;

namespace Millrace.Demo;

/// <summary>
/// A process that the demo started and is responsible for. Its standard input stays open as long as the demo lives:
/// children of our own end when it closes. Its standard error goes to a file.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _errors;
    private volatile bool _ending;

    private ChildProcess(Process process, string name, string errors)
    {
        _process = process;
        _errors = errors;
        Name = name;
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>It ended although nobody asked it to.</summary>
    public bool HasFailed => !_ending && _process.HasExited;

    /// <param name="name">What to call it.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="errors">The file that gets its standard error, behind what is there.</param>
    /// <param name="onLine">Gets each line of its standard output.</param>
    public static ChildProcess Start(string name, IEnumerable<string> command, string errors, Action<string> onLine)
    {
        var words = command.ToList();
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(words[0], words.Skip(1))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Path.GetDirectoryName(errors)!,
                // A .NET process that is killed would leave its debugger's and diagnostics' pipes in /tmp.
                Environment = { ["DOTNET_EnableDiagnostics"] = "0" },
            },
        };
        var log = TextWriter.Synchronized(new StreamWriter(errors, append: true) { AutoFlush = true });
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
                onLine(line.Data);
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                log.Dispose();
            else
                log.WriteLine(line.Data);
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, name, errors);
    }

    /// <summary>This program, to be started once more with other arguments.</summary>
    public static IEnumerable<string> ThisProgram(params IEnumerable<string> arguments)
    {
        var host = Environment.ProcessPath!;
        IEnumerable<string> self = Path.GetFileNameWithoutExtension(host) == "dotnet"
            ? [host, Environment.GetCommandLineArgs()[0]]
            : [host];
        return self.Concat(arguments);
    }

    public static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(directory => File.Exists(Path.Combine(directory, program)));

    /// <summary>Runs a program to its end and returns what it wrote; throws <see cref="DemoException"/> if it fails.
    /// </summary>
    public static async Task<string> RunAsync(IEnumerable<string> command, CancellationToken cancelled)
    {
        var words = command.ToList();
        using var process = Process.Start(new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancelled);
            var errors = process.StandardError.ReadToEndAsync(cancelled);
            await process.WaitForExitAsync(cancelled);
            if (process.ExitCode != 0)
                throw new DemoException($"{string.Join(' ', words)} failed: {(await errors).Trim()}");
            return await output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public void WriteLine(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended; who reads its reports learns that.
        }
    }

    /// <summary>SIGKILL: no chance to put anything in order.</summary>
    public void Kill()
    {
        _ending = true;
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Closes its standard input, the sign for our own children to end; kills what does not listen.</summary>
    public void End(TimeSpan patience)
    {
        _ending = true;
        _process.StandardInput.Close();
        if (!_process.WaitForExit(patience))
            Kill();
    }

    /// <summary>Why it ended by itself, with the last of its standard error.</summary>
    public DemoException Failure() =>
        new($"{Name} ended by itself with exit code {_process.ExitCode}. Its last words:\n{LastWords}");

    public string LastWords => File.Exists(_errors) ? string.Join('\n', File.ReadLines(_errors).TakeLast(15)) : "";

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
