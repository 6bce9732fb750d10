using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Core.Model;

namespace Millrace.Unit.Core.Log;

/// <summary>A copy of a data directory that Apache Kafka wrote, with what its clients read from it.</summary>
internal sealed class KafkaDirectory : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("millrace-kafka");

    public KafkaDirectory(string archive)
    {
        using FileStream file = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", archive + ".tar.gz"));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(unzipped, _root.FullName, overwriteFiles: false);
        Disk = new FileDisk(Path.Combine(_root.FullName, "logs"));
        Checkpoints = new LogCheckpoints(Disk);
        IsClean = Disk.Exists(".kafka_cleanshutdown");
    }

    public IDisk Disk { get; }

    public LogCheckpoints Checkpoints { get; }

    public bool IsClean { get; }

    /// <summary>The partitions that have a folder, but for the metadata log and deleted ones.</summary>
    public IEnumerable<TopicPartition> Partitions => Disk.List("")
        .Where(name => Path.Exists(Path.Combine(_root.FullName, "logs", name, "00000000000000000000.log"))
            || Directory.Exists(Path.Combine(_root.FullName, "logs", name)))
        .Where(name => !name.EndsWith("-delete", StringComparison.Ordinal)
            && !name.StartsWith("__cluster_metadata", StringComparison.Ordinal))
        .Select(name => new TopicPartition(
            name[..name.LastIndexOf('-')], int.Parse(name.AsSpan(name.LastIndexOf('-') + 1))))
        .OrderBy(partition => partition.ToString(), StringComparer.Ordinal);

    public PartitionLog Open(TopicPartition partition, List<string> reports)
    {
        LogSettings settings = LogSettings.Default with
        {
            Compact = partition.Topic.StartsWith("compact", StringComparison.Ordinal)
                || partition.Topic.StartsWith("__", StringComparison.Ordinal)
                || partition.Topic.EndsWith("changelog", StringComparison.Ordinal),
        };
        return PartitionLog.Open(
            Disk, partition, settings, LogFixture.Now, Checkpoints.Opening(partition, IsClean, reports.Add));
    }

    /// <summary>Null where there is no such file.</summary>
    public JsonElement? Expected(string file)
    {
        string path = Path.Combine(_root.FullName, "expected", file);
        if (!File.Exists(path))
            return null;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.Clone();
    }

    /// <summary>One element a line; null where there is no such file.</summary>
    public List<JsonElement>? ExpectedLines(string file)
    {
        string path = Path.Combine(_root.FullName, "expected", file);
        return File.Exists(path)
            ? [.. File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement.Clone())]
            : null;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
