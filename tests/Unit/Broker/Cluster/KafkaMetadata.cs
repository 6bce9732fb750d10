using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>
/// The metadata folder of a data directory that Apache Kafka 4.4 wrote, and what its own clients say of it.
/// </summary>
internal sealed class KafkaMetadata
{
    private readonly Dictionary<string, byte[]> _expected = [];

    public KafkaMetadata(string name)
    {
        using var archive = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", name + ".tar.gz"));
        using var tar = new TarReader(new GZipStream(archive, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            var (folder, path) = entry.Name.Split('/', 2) is [var first, var inner] ? (first, inner) : ("", "");
            if (folder == "expected" && !path.Contains('/') && path.EndsWith(".json", StringComparison.Ordinal))
                _expected[path] = Content(entry);
            else if (path == "__cluster_metadata-0/")
                Disk.CreateDirectory(path.TrimEnd('/'));
            else if (path.StartsWith("__cluster_metadata-0/", StringComparison.Ordinal))
                Disk.SetContent(path, Content(entry));
        }
    }

    public SimDisk Disk { get; } = new();

    public JsonElement Expected(string name) => JsonElement.Parse(_expected[name + ".json"]);

    private static byte[] Content(TarEntry entry)
    {
        using var content = new MemoryStream();
        entry.DataStream?.CopyTo(content);
        return content.ToArray();
    }
}
