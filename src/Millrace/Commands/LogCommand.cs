using System.CommandLine;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Core.Log.Verification;

namespace Millrace.Commands;

/// <summary><c>millrace log dump|verify</c>, for data directories of Millrace and of Kafka.</summary>
internal static class LogCommand
{
    /// <param name="stdout">Where documents and dumps go.</param>
    public static Command Create(Func<Stream> stdout) => new(
        "log", "Look into the files of a data directory, of Millrace or Kafka.")
    {
        LogDumpCommand.Create(stdout),
        LogVerifyCommand.Create(stdout),
    };
}

/// <summary>A data directory, a partition's folder or a file, as it stands on the command line.</summary>
/// <param name="Disk">The data directory, or what holds the partition's folder.</param>
/// <param name="Folder">Of a partition; null where it is the whole directory.</param>
/// <param name="File">The name of a file in the folder, or in the directory; null where it is all.</param>
/// <param name="IsInUse">A process holds the directory.</param>
internal sealed record LogLocation(IDisk Disk, string? Folder, string? File, bool IsInUse)
{
    public string? FilePath => File is null ? null : Folder is null ? File : $"{Folder}/{File}";

    /// <summary>Null where there is nothing at the path.</summary>
    public static LogLocation? Find(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Path.Exists(full))
            return null;
        string? file = null;
        if (!Directory.Exists(full))
        {
            file = Path.GetFileName(full);
            full = Path.GetDirectoryName(full)!;
        }

        var name = Path.GetFileName(full);
        var isPartition = LogFileName.TryParseFolder(name, out _) || IsGivenUp(name)
            || Directory.EnumerateFiles(full, "*.log").Any();
        var folder = isPartition && Path.GetDirectoryName(full) is not null ? name : null;
        var root = folder is null ? full : Path.GetDirectoryName(full)!;
        return new LogLocation(new ReadOnlyDisk(root), folder, file, DirectoryLock.IsHeld(root) ?? true);
    }

    public static string Missing(string path) =>
        $"{path} does not exist: give a data directory, a partition's folder or a file.";

    private static bool IsGivenUp(string name) => name.EndsWith("-delete", StringComparison.Ordinal)
        || name.EndsWith("-stray", StringComparison.Ordinal) || name.EndsWith("-future", StringComparison.Ordinal);
}
