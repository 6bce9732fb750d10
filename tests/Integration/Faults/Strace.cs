using System.ComponentModel;
using System.Globalization;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// Makes system calls of a server fail while it runs. A test that wants that is skipped where strace is missing or may
/// not look into processes. The server is let go at disposal.
/// </summary>
internal sealed class Strace : IAsyncDisposable
{
    private const string Injected = "(INJECTED)";

    private readonly ChildProcess _process;
    private readonly FileInfo _calls;

    private Strace(ChildProcess process, FileInfo calls)
    {
        _process = process;
        _calls = calls;
    }

    /// <summary>How many calls failed by now.</summary>
    public int Failures => File.ReadLines(_calls.FullName)
        .Count(line => line.EndsWith(Injected, StringComparison.Ordinal));

    /// <summary>From its return on calls fail.</summary>
    /// <param name="server">Whose calls.</param>
    /// <param name="calls">Names of system calls, separated by commas.</param>
    /// <param name="error">How they fail, such as EIO.</param>
    /// <param name="when">Which calls of each thread: "3" the third, "3+" all from there on.</param>
    public static async Task<Strace> Attach(MillraceServer server, string calls, string error, string when)
    {
        var output = new FileInfo(Path.GetTempFileName());
        try
        {
            var process = ChildProcess.Start(
                "strace", "-f", "-p", server.Process.Id.ToString(CultureInfo.InvariantCulture), "-o", output.FullName,
                "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}:when={when}");
            var strace = new Strace(process, output);
            await strace.IsAttached();
            return strace;
        }
        catch (Win32Exception missing)
        {
            output.Delete();
            Assert.Skip($"calls can't be made to fail here: strace: {missing.Message}");
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.Terminate();
        await _process.DisposeAsync();
        _calls.Delete();
    }

    private async Task IsAttached()
    {
        using var deadline = ChildProcess.Deadline();
        var ended = _process.Exit(deadline.Token);
        await Poll.Until(
            () => ended.IsCompleted || _process.Errors.Contains("attached", StringComparison.Ordinal),
            () => $"strace does not attach: {_process.Errors}");
        if (!ended.IsCompleted)
            return;
        var errors = _process.Errors.Trim();
        await DisposeAsync();
        Assert.Skip($"calls can't be made to fail here: {errors}");
    }
}
