using System.Globalization;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Cluster;

/// <summary>What a topic's settings mean to its logs.</summary>
internal static class TopicLogSettings
{
    private const int LeastDecompressedBytes = 16 << 20;
    private const int MostDecompressedBytes = 128 << 20;
    private const int Expansion = 16;
    private const long WriteBehindBytes = 8 << 20; // a few milliseconds of the disk

    public static LogSettings Of(TopicImage topic, ConfigsImage cluster, BrokerSettings settings)
    {
        string Text(string name) => EffectiveConfigs.Text(name, settings, cluster, topic.Configs);
        var policies = ConfigText.Items(Text("cleanup.policy"));
        var compacts = policies.Contains("compact");
        var compression = Text("compression.type");
        return new LogSettings
        {
            SegmentBytes = int.Parse(Text("segment.bytes")),
            SegmentMs = compacts
                ? Math.Min(long.Parse(Text("segment.ms")), long.Parse(Text("max.compaction.lag.ms")))
                : long.Parse(Text("segment.ms")),
            SegmentIndexBytes = int.Parse(Text("segment.index.bytes")),
            IndexIntervalBytes = int.Parse(Text("index.interval.bytes")),
            MaxMessageBytes = int.Parse(Text("max.message.bytes")),
            TimestampType = Enum.Parse<TimestampType>(Text("message.timestamp.type")),
            TimestampBeforeMaxMs = long.Parse(Text("message.timestamp.before.max.ms")),
            TimestampAfterMaxMs = long.Parse(Text("message.timestamp.after.max.ms")),
            Compact = compacts,
            Delete = policies.Contains("delete"),
            Compression = Codec(compression),
            CompressionLevel = compression is "gzip" or "lz4" or "zstd"
                ? Level(compression, Text($"compression.{compression}.level"))
                : Protocol.Records.Compression.Codec.DefaultLevel,
            RetentionMs = long.Parse(Text("retention.ms")),
            RetentionBytes = long.Parse(Text("retention.bytes")),
            MaxDecompressedBytes = Math.Min(
                int.Parse(Text("max.decompressed.message.bytes")),
                DecompressedBytes(int.Parse(Text("max.message.bytes")))),
            SegmentJitterMs = long.Parse(Text("segment.jitter.ms")),
            FileDeleteDelayMs = long.Parse(Text("file.delete.delay.ms")),
            FlushMessages = long.Parse(Text("flush.messages")),
            FlushMs = long.Parse(Text("flush.ms")),
            IsRelaxed = settings.Boolean("log.flush.relaxed"),
            WriteBehindBytes = settings.Long("log.page.cache.bytes") < 0 ? long.MaxValue : WriteBehindBytes,
            Preallocate = bool.Parse(Text("preallocate")),
            MinCleanableDirtyRatio = double.Parse(Text("min.cleanable.dirty.ratio"), CultureInfo.InvariantCulture),
            MinCompactionLagMs = long.Parse(Text("min.compaction.lag.ms")),
            MaxCompactionLagMs = long.Parse(Text("max.compaction.lag.ms")),
            DeleteRetentionMs = long.Parse(Text("delete.retention.ms")),
            ProducerIdExpirationMs = settings.Int("producer.id.expiration.ms"),
        };
    }

    /// <summary>How far a good batch may expand; it grows with the size that the topic allows.</summary>
    private static int DecompressedBytes(int messageBytes) =>
        (int)Math.Clamp((long)Expansion * messageBytes, LeastDecompressedBytes, MostDecompressedBytes);

    private static CompressionType? Codec(string name) => name switch
    {
        "producer" => null,
        "uncompressed" => CompressionType.None,
        _ => Enum.Parse<CompressionType>(name, ignoreCase: true),
    };

    private static int Level(string codec, string text) =>
        codec == "gzip" && text == "-1" ? Protocol.Records.Compression.Codec.DefaultLevel : int.Parse(text);
}
