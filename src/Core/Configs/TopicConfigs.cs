using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>The settings that a topic can have, each defined once, as Kafka 4.4 names and defaults them.</summary>
internal static class TopicConfigs
{
    public static IReadOnlyList<ConfigDefinition> All { get; } =
    [
        new("cleanup.policy", ConfigType.List, "delete",
            "What becomes of old segments: delete them, compact them to the last value of each key, or both.",
            Among("delete", "compact"))
        {
            BrokerSynonym = "log.cleanup.policy",
        },
        new("compression.gzip.level", ConfigType.Int, "-1",
            "Level of gzip when the broker compresses; -1 is the library's own choice.", BetweenOr(-1, 1, 9))
        {
            BrokerSynonym = "compression.gzip.level",
        },
        new("compression.lz4.level", ConfigType.Int, "9",
            "Level of lz4 when the broker compresses.", Between(1, 17))
        {
            BrokerSynonym = "compression.lz4.level",
        },
        new("compression.type", ConfigType.String, "producer",
            "The codec in which batches are stored; producer keeps what the producer sent.",
            Among("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"))
        {
            BrokerSynonym = "compression.type",
        },
        new("compression.zstd.level", ConfigType.Int, "3",
            "Level of zstd when the broker compresses.", Between(-131072, 22))
        {
            BrokerSynonym = "compression.zstd.level",
        },
        new("delete.retention.ms", ConfigType.Long, "86400000",
            "How long a tombstone outlives the compaction that first kept it.", AtLeast(0))
        {
            BrokerSynonym = "log.cleaner.delete.retention.ms",
        },
        new("errors.deadletterqueue.group.enable", ConfigType.Boolean, "false",
            "Whether share groups may send what they reject to this topic."),
        new("file.delete.delay.ms", ConfigType.Long, "60000",
            "How long a deleted file stays on disk under another name.", AtLeast(0))
        {
            BrokerSynonym = "log.segment.delete.delay.ms",
        },
        new("flush.messages", ConfigType.Long, "9223372036854775807",
            "Records after which the log is forced to stable storage.", AtLeast(1))
        {
            BrokerSynonym = "log.flush.interval.messages",
        },
        new("flush.ms", ConfigType.Long, "9223372036854775807",
            "Time after which a record is forced to stable storage.", AtLeast(0))
        {
            BrokerSynonym = "log.flush.interval.ms",
            IsSynonymInOtherUnits = true,
        },
        new("follower.replication.throttled.replicas", ConfigType.List, "",
            "Replicas whose fetching is throttled: pairs partition:broker, or *.", ThrottledReplicas),
        new("index.interval.bytes", ConfigType.Int, "4096",
            "Bytes of records between two entries of the offset index.", AtLeast(0))
        {
            BrokerSynonym = "log.index.interval.bytes",
        },
        new("leader.replication.throttled.replicas", ConfigType.List, "",
            "Replicas whose serving is throttled: pairs partition:broker, or *.", ThrottledReplicas),
        new("local.retention.bytes", ConfigType.Long, "-2",
            "Bytes kept locally when older segments are in remote storage; -2 follows retention.bytes.",
            AtLeast(-2))
        {
            BrokerSynonym = "log.local.retention.bytes",
        },
        new("local.retention.ms", ConfigType.Long, "-2",
            "Time kept locally when older segments are in remote storage; -2 follows retention.ms.",
            AtLeast(-2))
        {
            BrokerSynonym = "log.local.retention.ms",
        },
        new("max.compaction.lag.ms", ConfigType.Long, "9223372036854775807",
            "Time after which a record must be eligible for compaction.", AtLeast(1))
        {
            BrokerSynonym = "log.cleaner.max.compaction.lag.ms",
        },
        new("max.decompressed.message.bytes", ConfigType.Int, "2147483639",
            "Largest size that the records of one batch may take when decompressed.", AtLeast(1))
        {
            BrokerSynonym = "max.decompressed.message.bytes",
        },
        new("max.message.bytes", ConfigType.Int, "1048588",
            "Largest record batch that is accepted, as it stands on the wire.", AtLeast(0))
        {
            BrokerSynonym = "message.max.bytes",
        },
        new("message.timestamp.after.max.ms", ConfigType.Long, "3600000",
            "How far a record's time may lie ahead of the broker's clock.", AtLeast(0))
        {
            BrokerSynonym = "log.message.timestamp.after.max.ms",
        },
        new("message.timestamp.before.max.ms", ConfigType.Long, "9223372036854775807",
            "How far a record's time may lie behind the broker's clock.", AtLeast(0))
        {
            BrokerSynonym = "log.message.timestamp.before.max.ms",
        },
        new("message.timestamp.type", ConfigType.String, "CreateTime",
            "Whose time a record carries: its creation or its append.", Among("CreateTime", "LogAppendTime"))
        {
            BrokerSynonym = "log.message.timestamp.type",
        },
        new("min.cleanable.dirty.ratio", ConfigType.Double, "0.5",
            "Share of the log that must be uncompacted before compaction begins.", Between(0, 1))
        {
            BrokerSynonym = "log.cleaner.min.cleanable.ratio",
        },
        new("min.compaction.lag.ms", ConfigType.Long, "0",
            "Time for which a record is safe from compaction.", AtLeast(0))
        {
            BrokerSynonym = "log.cleaner.min.compaction.lag.ms",
        },
        new("min.insync.replicas", ConfigType.Int, "1",
            "Replicas that must be in sync for a Produce with acks=all.", AtLeast(1))
        {
            BrokerSynonym = "min.insync.replicas",
        },
        new("preallocate", ConfigType.Boolean, "false",
            "Whether a new segment gets its disk space at once.")
        {
            BrokerSynonym = "log.preallocate",
        },
        new("remote.copy.lag.bytes", ConfigType.Long, "-1",
            "Bytes that a segment may wait before it is copied to remote storage.", AtLeast(-2))
        {
            BrokerSynonym = "log.remote.copy.lag.bytes",
        },
        new("remote.copy.lag.ms", ConfigType.Long, "0",
            "Time that a segment may wait before it is copied to remote storage.", AtLeast(-2))
        {
            BrokerSynonym = "log.remote.copy.lag.ms",
        },
        new("remote.log.copy.disable", ConfigType.Boolean, "false",
            "Stops copying segments to remote storage."),
        new("remote.log.delete.on.disable", ConfigType.Boolean, "false",
            "Deletes what is in remote storage when it is switched off."),
        new("remote.storage.enable", ConfigType.Boolean, "false",
            "Keeps old segments in remote storage, which this broker does not have.", Among("false")),
        new("retention.bytes", ConfigType.Long, "-1",
            "Size beyond which the oldest segments of a partition are deleted; -1 is no limit.")
        {
            BrokerSynonym = "log.retention.bytes",
        },
        new("retention.ms", ConfigType.Long, "604800000",
            "Age beyond which segments are deleted; -1 is no limit.", AtLeast(-1))
        {
            BrokerSynonym = "log.retention.ms",
            IsSynonymInOtherUnits = true,
        },
        new("segment.bytes", ConfigType.Int, "1073741824",
            "Size at which a segment is closed and the next begun.", AtLeast(1048576))
        {
            BrokerSynonym = "log.segment.bytes",
        },
        new("segment.index.bytes", ConfigType.Int, "10485760",
            "Largest size of a segment's offset index.", AtLeast(4))
        {
            BrokerSynonym = "log.index.size.max.bytes",
        },
        new("segment.jitter.ms", ConfigType.Long, "0",
            "Largest random time by which segment.ms is shortened.", AtLeast(0))
        {
            BrokerSynonym = "log.roll.jitter.ms",
            IsSynonymInOtherUnits = true,
        },
        new("segment.ms", ConfigType.Long, "604800000",
            "Age at which a segment is closed and the next begun.", AtLeast(1))
        {
            BrokerSynonym = "log.roll.ms",
            IsSynonymInOtherUnits = true,
        },
        new("unclean.leader.election.enable", ConfigType.Boolean, "false",
            "Whether a replica that is not in sync may become leader, which loses records.")
        {
            BrokerSynonym = "unclean.leader.election.enable",
        },
    ];

    private static readonly Dictionary<string, ConfigDefinition> ByName = All.ToDictionary(config => config.Name);

    public static ConfigDefinition? Find(string name) => ByName.GetValueOrDefault(name);
}
