using System.Diagnostics;

namespace Millrace.Bench.Brokers;

/// <summary>A new directory for brokers that are measured; deleted with all that they wrote.</summary>
internal sealed class BrokerData : IDisposable
{
    private const string DropCaches = "/proc/sys/vm/drop_caches";

    private readonly DirectoryInfo _folder;

    /// <param name="parent">A directory on the disk to be measured.</param>
    public BrokerData(string parent) =>
        _folder = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"millrace-bench-{Guid.NewGuid():N}"));

    public string Path => System.IO.Path.Combine(_folder.FullName, "data");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>
    /// Writes what is dirty and gives up the page cache, so that who comes next finds the memory as who came before.
    /// False where this user may not.
    /// </summary>
    public static bool TryEmptyPageCache()
    {
        try
        {
            using (var sync = Process.Start("sync"))
                sync.WaitForExit();
            File.WriteAllText(DropCaches, "3");
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
