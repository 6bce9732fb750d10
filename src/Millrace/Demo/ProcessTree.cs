using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Millrace.Demo;

/// <summary>The processes that a process started, as /proc tells.</summary>
internal static class ProcessTree
{
    public static List<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        if (!Directory.Exists("/proc"))
            return children;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && ParentOf(pid) == parent)
                children.Add(pid);
        }

        return children;
    }

    public static void Kill(IEnumerable<int> pids)
    {
        foreach (var pid in pids)
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
            {
                // It went with its parent.
            }
        }
    }

    /// <summary>The second field after the name, which stands in parentheses and may hold anything.</summary>
    private static int ParentOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
