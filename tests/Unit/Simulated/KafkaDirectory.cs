using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Shared;
using Millrace.Shared.Simulated;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Simulated;

/// <summary>A data directory that Apache Kafka wrote, on a simulated disk that a test may change.</summary>
internal sealed class KafkaDirectory
{
    private readonly LogCheckpoints _checkpoints;

    public KafkaDirectory(string name)
    {
        Archive = KafkaArchive.Of(name);
        foreach (var (path, content) in Archive.Logs)
        {
            if (path.LastIndexOf('/') is var slash and > 0)
                Disk.CreateDirectory(path[..slash]);
            Disk.SetContent(path, content);
        }

        _checkpoints = new LogCheckpoints(Disk);
        IsClean = Disk.Exists(".kafka_cleanshutdown");
    }

    /// <summary>What Kafka's clients and tools say of it.</summary>
    public KafkaArchive Archive { get; }

    public SimDisk Disk { get; } = new();

    public bool IsClean { get; }

    public PartitionLog Open(TopicPartition partition, Action<string>? report = null)
    {
        var settings = LogSettings.Default with
        {
            Compact = partition.Topic.StartsWith("compact", StringComparison.Ordinal)
                || partition.Topic.StartsWith("__", StringComparison.Ordinal)
                || partition.Topic.EndsWith("changelog", StringComparison.Ordinal),
        };
        return PartitionLog.Open(
            Disk, partition, settings, LogFixture.Now, _checkpoints.Opening(partition, IsClean, report ?? (_ => { })));
    }
}
