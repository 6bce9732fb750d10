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
    private const string MetaProperties = "meta.properties";
    private const string Lock = ".lock";
    private const string CleanShutdown = ".kafka_cleanshutdown";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream heldLock, string clusterId, bool wasCleanlyShutDown)
    {
        Path = path;
        _lock = heldLock;
        ClusterId = clusterId;
        WasCleanlyShutDown = wasCleanlyShutDown;
    }

    public string Path { get; }

    public string ClusterId { get; }

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
            var clusterId = ReadOrWriteMeta(path, nodeId, randomness);
            var marker = System.IO.Path.Combine(path, CleanShutdown);
            var wasClean = File.Exists(marker);
            File.Delete(marker);
            Native.FsyncDirectory(path);
            return new DataDirectory(path, held, clusterId, wasClean);
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

    /// <summary>Notes that all logs are closed: the next start trusts them.</summary>
    public void MarkCleanShutdown() =>
        WriteDurably(Path, CleanShutdown, """{"version":0,"brokerEpoch":-1}""");

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

    private static string ReadOrWriteMeta(string path, int nodeId, Randomness randomness)
    {
        var file = System.IO.Path.Combine(path, MetaProperties);
        if (!File.Exists(file))
        {
            var made = randomness.NewUuid().ToString();
            WriteDurably(path, MetaProperties, string.Join('\n',
                "version=1", $"cluster.id={made}", $"node.id={nodeId}", $"directory.id={randomness.NewUuid()}", ""));
            return made;
        }

        var properties = File.ReadLines(file)
            .Where(line => !line.StartsWith('#') && line.Contains('='))
            .Select(line => line.Split('=', 2))
            .ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim());
        if (properties.GetValueOrDefault("node.id") is { } owner && owner != nodeId.ToString())
        {
            throw new DataDirectoryException(
                $"{file} belongs to node {owner}, and this is node {nodeId}: "
                + $"set node.id={owner}, or give another --data.");
        }

        return properties.TryGetValue("cluster.id", out var clusterId) && Uuid.TryParse(clusterId, out _)
            ? clusterId
            : throw new DataDirectoryException($"{file} has no valid cluster.id: restore it from a copy.");
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
}
