using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Shared.Simulated;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Simulated;

/// <summary>
/// Folders of a data directory that Apache Kafka wrote, on a simulated disk, and what Kafka's own clients read there.
/// </summary>
internal sealed class KafkaDirectory
{
    /// <summary>Filled, stopped in order, filled on and stopped in order.</summary>
    public const string Stopped = "kafka-4.4.0-log-dir";

    /// <summary>Killed in the middle of its work.</summary>
    public const string Killed = "kafka-4.4.0-killed-log-dir";

    /// <summary>An older one, stopped in order.</summary>
    public const string Old = "kafka-2.1.1-log-dir";

    private readonly string _name;
    private readonly Dictionary<string, byte[]> _expected = [];

    /// <summary>Unpacks the partitions of a topic, and what is expected of all.</summary>
    public KafkaDirectory(string name, string topic)
    {
        _name = name;
        using var archive = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", name + ".tar.gz"));
        using var tar = new TarReader(new GZipStream(archive, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            var path = entry.Name.Split('/', 2) is [_, var inner] ? inner : "";
            if (entry.Name.StartsWith("expected/", StringComparison.Ordinal) && path.EndsWith(".json", default))
                _expected[path] = Content(entry);
            else if (entry.Name.StartsWith($"logs/{topic}-", StringComparison.Ordinal))
                Add(entry, path.TrimEnd('/'));
        }
    }

    public SimDisk Disk { get; } = new();

    public static JsonElement Json(byte[] text) => JsonElement.Parse(text);

    /// <summary>What Kafka's clients read, by the name of the file without its end.</summary>
    public JsonElement Expected(string name) => Json(_expected[name + ".json"]);

    public PartitionLog Open(string topic, int partition) => PartitionLog.Open(
        Disk, new TopicPartition(topic, partition), LogSettings.Default, LogFixture.Now,
        new LogOpening(_name != Killed, Offset.Zero, Offset.Zero) { MayHaveGaps = true });

    private void Add(TarEntry entry, string path)
    {
        if (entry.EntryType == TarEntryType.Directory)
            Disk.CreateDirectory(path);
        else
            Disk.SetContent(path, Content(entry));
    }

    private static byte[] Content(TarEntry entry)
    {
        using var content = new MemoryStream();
        entry.DataStream?.CopyTo(content);
        return content.ToArray();
    }
}
