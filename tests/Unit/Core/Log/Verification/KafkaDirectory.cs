using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Verification;

/// <summary>A data directory that Apache Kafka wrote, in memory, and what Kafka's own tools say of it.</summary>
internal sealed class KafkaDirectory
{
    private static readonly Dictionary<string, KafkaDirectory> Read = [];

    private KafkaDirectory(string name)
    {
        using FileStream archive = File.OpenRead(Checkout.File("tests", "Data", "kafka-logs", name + ".tar.gz"));
        using var plain = new GZipStream(archive, CompressionMode.Decompress);
        using var tar = new TarReader(plain);
        while (tar.GetNextEntry() is { } entry)
            Add(entry);
    }

    public SimDisk Disk { get; } = new();

    /// <summary>By the path below expected/.</summary>
    public Dictionary<string, string> Expected { get; } = [];

    /// <summary>Nobody may change it.</summary>
    public static KafkaDirectory Of(string name)
    {
        lock (Read)
        {
            if (!Read.TryGetValue(name, out KafkaDirectory? directory))
                Read[name] = directory = new KafkaDirectory(name);
            return directory;
        }
    }

    private void Add(TarEntry entry)
    {
        string path = entry.Name.TrimStart('.', '/').TrimEnd('/');
        int at = Math.Max(
            path.IndexOf("logs/", StringComparison.Ordinal), path.IndexOf("expected/", StringComparison.Ordinal));
        if (at < 0)
            return;
        bool isLog = path[at] == 'l';
        path = path[(path.IndexOf('/', at) + 1)..];
        if (entry.EntryType == TarEntryType.Directory)
        {
            if (isLog && path.Length > 0)
                Disk.CreateDirectory(path);
            return;
        }

        using var content = new MemoryStream();
        entry.DataStream?.CopyTo(content);
        if (isLog)
            Disk.SetContent(path, content.ToArray());
        else
            Expected[path] = Encoding.UTF8.GetString(content.ToArray());
    }
}
