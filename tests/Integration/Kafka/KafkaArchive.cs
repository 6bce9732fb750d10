using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Millrace.Integration.Kafka;

/// <summary>A data directory that Apache Kafka wrote, and what its own clients read of it.</summary>
internal sealed class KafkaArchive
{
    private readonly Dictionary<string, byte[]> _logs = [];
    private readonly Dictionary<string, string> _expected = [];

    public KafkaArchive(string name)
    {
        using var archive = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", name + ".tar.gz"));
        using var tar = new TarReader(new GZipStream(archive, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            var parts = entry.Name.Split('/', 2);
            if (entry.EntryType == TarEntryType.Directory || parts.Length < 2)
                continue;
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            if (parts[0] == "logs")
                _logs[parts[1]] = content.ToArray();
            else if (!parts[1].StartsWith("dump/", StringComparison.Ordinal))
                _expected[parts[1]] = System.Text.Encoding.UTF8.GetString(content.ToArray());
        }
    }

    /// <summary>The partitions whose records are known, with the name of the file that has them.</summary>
    public IEnumerable<string> Partitions => _expected.Keys
        .Where(file => file.EndsWith(".jsonl", StringComparison.Ordinal) && !IsCommitted(file))
        .Select(file => file[..^".jsonl".Length]).Order(StringComparer.Ordinal);

    public void CopyTo(string directory)
    {
        foreach (var (path, content) in _logs)
        {
            var file = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
        }
    }

    public JsonElement Json(string name) => JsonElement.Parse(_expected[name + ".json"]);

    /// <summary>The records of a partition, as all see them or as those who read what is committed.</summary>
    public List<JsonElement> Records(string partition, bool committed = false) =>
        [.. _expected[HasCommitted(partition) && committed
            ? $"{partition}.read_committed.jsonl"
            : $"{partition}.jsonl"].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line))];

    /// <summary>Whether it has transactions, so that the two views differ.</summary>
    public bool HasCommitted(string partition) => _expected.ContainsKey($"{partition}.read_committed.jsonl");

    private static bool IsCommitted(string file) => file.EndsWith(".read_committed.jsonl", StringComparison.Ordinal);
}
