using System.Globalization;
using Millrace.Broker.Cluster;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>A data directory that can't be used, with what to do about it.</summary>
public sealed class DataDirectoryException(string message) : Exception(message);

/// <summary>
/// The folder that holds a node's logs: made ready at first use, held by one process at a time, and marked when it was
/// left in order. The files are Kafka's: <c>meta.properties</c>, <c>.lock</c>, <c>.kafka_cleanshutdown</c>.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const string MetaPropertiesName = "meta.properties";
    private const string Lock = ".lock";
    private const string CleanShutdown = ".kafka_cleanshutdown";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream heldLock, MetaProperties meta, bool wasCleanlyShutDown)
    {
        Path = path;
        _lock = heldLock;
        ClusterId = meta.ClusterId;
        DirectoryId = meta.DirectoryId;
        WasCleanlyShutDown = wasCleanlyShutDown;
    }

    public string Path { get; }

    public string ClusterId { get; }

    /// <summary>The directory's own id, which replicas that it holds are assigned to (KIP-858).</summary>
    public Uuid DirectoryId { get; }

    /// <summary>Whether the last process that held it closed its logs.</summary>
    public bool WasCleanlyShutDown { get; }

    /// <exception cref="DataDirectoryException">It can't be made, is held by another process, or is another
    /// node's.</exception>
    public static DataDirectory Open(string path, int nodeId, Randomness randomness)
    {
        if (File.Exists(path))
            throw new DataDirectoryException($"--data {path} is a file: give the name of a directory.");
        FileStream? held = null;
        try
        {
            Directory.CreateDirectory(path);
            held = Hold(path);
            var meta = ReadOrWriteMeta(path, nodeId, randomness);
            var marker = System.IO.Path.Combine(path, CleanShutdown);
            var wasClean = File.Exists(marker);
            File.Delete(marker);
            Native.FsyncDirectory(path);
            return new DataDirectory(path, held, meta, wasClean);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new DataDirectoryException(
                $"The data directory {path} can't be used: {failure.Message} Give another one with --data.");
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Notes that all logs are closed: the next start trusts them. The epoch is that of the registration in force, by
    /// which Kafka knows that nobody else was here since.
    /// </summary>
    public void MarkCleanShutdown(long brokerEpoch) =>
        WriteDurably(Path, CleanShutdown, $$"""{"version":0,"brokerEpoch":{{brokerEpoch}}}""");

    /// <summary>A file that is never written again says so, by its path in the directory.</summary>
    public void MakeReadOnly(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(System.IO.Path.Combine(Path, path), UnixFileMode.UserRead);
    }

    public void Dispose()
    {
        File.Delete(System.IO.Path.Combine(Path, Lock));
        _lock.Dispose();
    }

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(
                System.IO.Path.Combine(path, Lock), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new DataDirectoryException(
                $"The data directory {path} is in use by another process. Stop that one, or give another with --data.");
        }
    }

    /// <summary>
    /// What the directory says of itself. A new one gets ids; one of Kafka with ZooKeeper, or of Kafka before 3.7, gets
    /// those that it lacks.
    /// </summary>
    private static MetaProperties ReadOrWriteMeta(string path, int nodeId, Randomness randomness)
    {
        var file = System.IO.Path.Combine(path, MetaPropertiesName);
        var properties = File.Exists(file) ? JavaProperties.Parse(File.ReadAllText(file)) : [];
        var version = properties.GetValueOrDefault("version", "1");
        if (version is not ("0" or "1"))
        {
            throw new DataDirectoryException(
                $"{file} is of version {version}, and this program knows 0 and 1: start a newer Millrace.");
        }

        var owner = properties.GetValueOrDefault("node.id") ?? properties.GetValueOrDefault("broker.id");
        if (owner is not null && owner != nodeId.ToString(CultureInfo.InvariantCulture))
        {
            throw new DataDirectoryException(
                $"{file} belongs to node {owner}, and this is node {nodeId}: "
                + $"set node.id={owner}, or give another --data.");
        }

        var clusterId = properties.GetValueOrDefault("cluster.id");
        if (version == "1" && properties.Count > 0 && !Uuid.TryParse(clusterId, out _))
            throw new DataDirectoryException($"{file} has no valid cluster.id: restore it from a copy.");
        var isComplete = Uuid.TryParse(properties.GetValueOrDefault("directory.id"), out var directoryId)
            && version == "1" && owner is not null;
        var meta = new MetaProperties(
            clusterId ?? randomness.NewUuid().ToString(), isComplete ? directoryId : randomness.NewUuid());
        if (!isComplete)
        {
            WriteDurably(path, MetaPropertiesName, string.Join('\n',
                "version=1", $"cluster.id={meta.ClusterId}", $"node.id={nodeId}",
                $"directory.id={meta.DirectoryId}", ""));
        }

        return meta;
    }

    private static void WriteDurably(string path, string name, string text)
    {
        var temporary = System.IO.Path.Combine(path, name + ".tmp");
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, System.Text.Encoding.UTF8.GetBytes(text), 0);
            Native.Fdatasync(file);
        }

        File.Move(temporary, System.IO.Path.Combine(path, name), overwrite: true);
        Native.FsyncDirectory(path);
    }

    private readonly record struct MetaProperties(string ClusterId, Uuid DirectoryId);
}
