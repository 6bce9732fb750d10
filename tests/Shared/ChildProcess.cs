using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Millrace.Shared;

/// <summary>A program that runs beside the tests, line by line. It does not outlive its owner's disposal.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigStop = 19;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private ChildProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                return;
            lock (_errors)
                _errors.AppendLine(line.Data);
            ErrorLine?.Invoke(line.Data);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Called for each line of the error output.</summary>
    public event Action<string>? ErrorLine;

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    /// <summary>What the program wrote to its error output so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    public static ChildProcess Start(string program, params IEnumerable<string> arguments)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = utf8,
            StandardOutputEncoding = utf8,
            StandardErrorEncoding = utf8,
        };
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Runs a program to its end; its output, if it ends with exit code 0.</summary>
    public static async Task<string> Run(string input, string program, params IEnumerable<string> arguments)
    {
        await using var child = Start(program, arguments);
        using var deadline = Deadline();
        var output = child.Output.ReadToEndAsync(deadline.Token);
        try
        {
            await child.Input.WriteAsync(input.AsMemory(), deadline.Token);
            child.Input.Close();
        }
        catch (IOException)
        {
            // The program ended before it read everything: its exit code and errors tell more.
        }

        var code = await child.Exit(deadline.Token);
        Assert.True(code == 0, $"{program} ended with {code}: {child.Errors}");
        return await output;
    }

    /// <summary>Asks the program to end, as an operator does; its exit code.</summary>
    public async Task<int> Terminate()
    {
        using var deadline = Deadline();
        if (!_process.HasExited)
            _ = Signal(_process.Id, SigTerm);
        return await Exit(deadline.Token);
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops the program where it stands: from the return on it does nothing any more but die.</summary>
    public async Task Freeze()
    {
        _ = Signal(_process.Id, SigStop);
        await Poll.Until(
            () => Directory.GetDirectories($"/proc/{_process.Id}/task").All(IsStill),
            () => $"process {_process.Id} does not stand still");
    }

    /// <summary>The exit code, once the program has ended.</summary>
    public async Task<int> Exit(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>The time after which a step counts as hung; the test's own cancellation ends it as well.</summary>
    public static CancellationTokenSource Deadline()
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(Patience);
        return source;
    }

    /// <summary>A thread that is stopped, or waits for the disk and stops before it learns the outcome.</summary>
    private static bool IsStill(string task)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(task, "stat"));
            return stat[stat.LastIndexOf(')') + 2] is 'T' or 't' or 'D';
        }
        catch (IOException)
        {
            return false; // it has just ended; there may be a new one
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
