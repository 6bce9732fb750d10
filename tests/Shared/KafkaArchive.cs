using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Millrace.Shared;

/// <summary>
/// A data directory that Apache Kafka wrote, and what its own clients and tools say of it. Read once; nobody may change
/// the bytes.
/// </summary>
internal sealed class KafkaArchive
{
    /// <summary>Filled, stopped in order, filled on and stopped in order.</summary>
    public const string Stopped = "kafka-4.4.0-log-dir";

    /// <summary>Killed in the middle of its work.</summary>
    public const string Killed = "kafka-4.4.0-killed-log-dir";

    /// <summary>An older one, stopped in order, whose metadata stood in ZooKeeper.</summary>
    public const string Old = "kafka-2.1.1-log-dir";

    private static readonly ConcurrentDictionary<string, KafkaArchive> All = [];

    private readonly Dictionary<string, byte[]> _logs = [];
    private readonly Dictionary<string, byte[]> _expected = [];

    private KafkaArchive(string name)
    {
        using var archive = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", name + ".tar.gz"));
        using var tar = new TarReader(new GZipStream(archive, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.Directory || entry.Name.Split('/', 2) is not [var folder, var path])
                continue;
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            (folder == "logs" ? _logs : _expected)[path] = content.ToArray();
        }
    }

    /// <summary>The files of the data directory by their paths in it; no folder is empty.</summary>
    public IReadOnlyDictionary<string, byte[]> Logs => _logs;

    /// <summary>All that have a folder, but for the metadata log and what was being deleted.</summary>
    public IEnumerable<(string Topic, int Index)> Partitions => _logs.Keys
        .Where(path => path.Contains('/')).Select(path => path[..path.IndexOf('/')]).Distinct()
        .Where(folder => !folder.StartsWith("__cluster_metadata", StringComparison.Ordinal)
            && !folder.EndsWith("-delete", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(folder => (folder[..folder.LastIndexOf('-')], int.Parse(folder.AsSpan(folder.LastIndexOf('-') + 1))));

    /// <summary>What <c>kafka-dump-log</c> prints, by the path of the file in the data directory.</summary>
    public IEnumerable<(string Path, string Text)> Dumps => _expected
        .Where(file => file.Key.StartsWith("dump/", StringComparison.Ordinal))
        .Select(file => (file.Key["dump/".Length..^".txt".Length], Encoding.UTF8.GetString(file.Value)));

    public static KafkaArchive Of(string name) => All.GetOrAdd(name, _ => new KafkaArchive(name));

    /// <summary>Whether Kafka's clients were asked for this.</summary>
    public bool IsKnown(string name) => _expected.ContainsKey(name + ".json");

    /// <summary>What Kafka's clients read, such as offsets or groups.</summary>
    public JsonElement Expected(string name) => JsonElement.Parse(_expected[name + ".json"]);

    /// <summary>
    /// The records of a partition, as all see them or as those who read what is committed; null where that was not
    /// read. The older data has one partition a topic and files without its number.
    /// </summary>
    public List<JsonElement>? Records(string topic, int index, bool committed = false)
    {
        var end = committed ? ".read_committed.jsonl" : ".jsonl";
        var file = _expected.GetValueOrDefault($"{topic}-{index}{end}") ?? _expected.GetValueOrDefault(topic + end);
        return file is null
            ? null
            : [.. Encoding.UTF8.GetString(file).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonElement.Parse(line))];
    }

    public void CopyTo(string directory)
    {
        foreach (var (path, content) in _logs)
        {
            var file = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
        }
    }
}
