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
    private const string Expected = "give a data directory, a partition's folder or a file of these.";

    public string? FilePath => File is null ? null : Folder is null ? File : $"{Folder}/{File}";

    /// <summary>Null, with what is wrong, where there is nothing at the path, or nothing of a log.</summary>
    public static LogLocation? Find(string path, out string problem)
    {
        problem = "";
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Path.Exists(full))
        {
            problem = $"{path} does not exist: {Expected}";
            return null;
        }

        string? file = null;
        if (!Directory.Exists(full))
        {
            file = Path.GetFileName(full);
            full = Path.GetDirectoryName(full)!;
        }

        var name = Path.GetFileName(full);
        var isPartition = LogFileName.TryParseFolder(name, out _) || IsGivenUp(name)
            || Directory.EnumerateFiles(full, "*.log")
                .Any(log => LogFileName.Parse(Path.GetFileName(log)).Kind == LogFileKind.Log);
        var folder = isPartition && Path.GetDirectoryName(full) is not null ? name : null;
        var root = folder is null ? full : Path.GetDirectoryName(full)!;
        if (file is null ? folder is null && !IsDataDirectory(full) : !IsOfALog(file))
        {
            problem = $"{path} is {(file is null ? "no data directory" : "no file of a log")}: {Expected}";
            return null;
        }

        return new LogLocation(new ReadOnlyDisk(root), folder, file, DirectoryLock.IsHeld(root) ?? true);
    }

    private static bool IsDataDirectory(string path) =>
        Directory.EnumerateFiles(path).Any(file => IsOfADirectory(Path.GetFileName(file)))
        || Directory.EnumerateDirectories(path).Any(name => LogFileName.TryParseFolder(Path.GetFileName(name), out _));

    private static bool IsOfALog(string file)
    {
        const string Deleted = ".deleted";
        return LogFileName.Parse(file.EndsWith(Deleted, StringComparison.Ordinal) ? file[..^Deleted.Length] : file).Kind
            is not (LogFileKind.Unknown or LogFileKind.Leftover) || IsOfADirectory(file);
    }

    private static bool IsOfADirectory(string file) =>
        file is "meta.properties" || file.EndsWith("-checkpoint", StringComparison.Ordinal);

    private static bool IsGivenUp(string name) => name.EndsWith("-delete", StringComparison.Ordinal)
        || name.EndsWith("-stray", StringComparison.Ordinal) || name.EndsWith("-future", StringComparison.Ordinal);
}
