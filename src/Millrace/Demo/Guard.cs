namespace Millrace.Demo;

/// <summary>
/// A small process that outlives the demo by a moment: when the demo is gone, however that came about, it kills the
/// processes that are still there and removes the directory. With setsid it has a session of its own, so that
/// it survives what kills the demo's process group.
/// </summary>
internal sealed class Guard : IDisposable
{
    /// <summary>Each line on its input is the whole list of process ids; the end of the input is the end of the demo.
    /// It turns deaf to the signals that a terminal sends to all, and removes the diagnostics pipes that the demo
    /// leaves when it is killed.</summary>
    private const string Script = """
        trap '' INT TERM HUP
        while read -r line; do pids=$line; done
        [ -z "$pids" ] || kill -9 $pids 2>/dev/null
        rm -f "$2"clr-debug-pipe-"$3"-* "$2"dotnet-diagnostic-"$3"-*
        [ -z "$1" ] || { rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }; }
        """;

    private readonly ChildProcess _process;
    private readonly HashSet<int> _pids = [];

    /// <param name="directory">What to remove in the end.</param>
    /// <param name="keep">Remove nothing.</param>
    public Guard(string directory, bool keep)
    {
        string[] ownSession = ChildProcess.IsOnPath("setsid") ? ["setsid"] : [];
        _process = ChildProcess.Start("guard",
            [.. ownSession, "sh", "-c", Script, "millrace-demo-guard",
                keep ? "" : directory, Path.GetTempPath(), $"{Environment.ProcessId}"],
            Path.Combine(directory, "guard.log"), _ => { });
    }

    public void Watch(int pid)
    {
        lock (_pids)
        {
            _pids.Add(pid);
            Tell();
        }
    }

    public void Forget(int pid)
    {
        lock (_pids)
        {
            _pids.Remove(pid);
            Tell();
        }
    }

    public void Dispose()
    {
        _process.End(TimeSpan.FromSeconds(5));
        _process.Dispose();
    }

    private void Tell() => _process.WriteLine(string.Join(' ', _pids));
}
