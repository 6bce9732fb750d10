using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>
/// The broker's own settings, each defined once; a topic's defaults are among them by their synonyms.
/// </summary>
internal static class BrokerConfigs
{
    private static readonly ConfigDefinition[] Own =
    [
        new("node.id", ConfigType.Int, "1", "This node's number in the cluster.", AtLeast(0)),
        new("advertised.listeners", ConfigType.String, "",
            "The host:port that clients are told to come to; empty means the address by which each of them came."),
        new("num.network.threads", ConfigType.Int, "2", "Loops that serve connections.", Between(1, 256)),
        new("socket.request.max.bytes", ConfigType.Int, "104857600",
            "Largest request frame; a larger one closes the connection.", AtLeast(1024)),
        new("socket.send.buffer.bytes", ConfigType.Int, "-1",
            "SO_SNDBUF of the sockets of clients; -1 leaves it to the system.", AtLeast(-1)),
        new("socket.receive.buffer.bytes", ConfigType.Int, "-1",
            "SO_RCVBUF of the sockets of clients; -1 leaves it to the system.", AtLeast(-1)),
        new("fetch.max.bytes", ConfigType.Int, "57671680",
            "Largest answer to one Fetch, in bytes of records.", AtLeast(1024)),
        new("max.incremental.fetch.session.cache.slots", ConfigType.Int, "1000",
            "Most fetch sessions that are kept.", AtLeast(0)),
        new("max.request.partition.size.limit", ConfigType.Int, "2000",
            "Most partitions in one answer to DescribeTopicPartitions.", AtLeast(1)),
        new("telemetry.max.bytes", ConfigType.Int, "1048576",
            "Largest push of a client's metrics, as it stands on the wire.", Between(1, 16777216)),
        new("num.partitions", ConfigType.Int, "1",
            "Partitions of a topic that is created without a count.", AtLeast(1)),
        new("default.replication.factor", ConfigType.Int, "1",
            "Replicas of a topic that is created without a factor.", AtLeast(1)),
        new("auto.create.topics.enable", ConfigType.Boolean, "true",
            "Whether asking for a topic's metadata creates it."),
        new("delete.topic.enable", ConfigType.Boolean, "true", "Whether topics can be deleted."),
        new("offsets.topic.num.partitions", ConfigType.Int, "50",
            "Partitions of __consumer_offsets, when it is created.", AtLeast(1)),
        new("offsets.topic.replication.factor", ConfigType.Short, "3",
            "Replicas of __consumer_offsets; fewer where there are fewer brokers.", AtLeast(1)),
        new("transaction.state.log.num.partitions", ConfigType.Int, "50",
            "Partitions of __transaction_state, when it is created.", AtLeast(1)),
        new("transaction.state.log.replication.factor", ConfigType.Short, "3",
            "Replicas of __transaction_state; fewer where there are fewer brokers.", AtLeast(1)),
        new("transaction.state.log.min.isr", ConfigType.Int, "1",
            "Replicas of __transaction_state that must have a record: one, as there is one broker.", Among("1")),
        new("transaction.abort.timed.out.transaction.cleanup.interval.ms", ConfigType.Int, "10000",
            "Taken for Kafka's sake: a transaction is aborted as soon as its timeout has passed.", AtLeast(1)),
        new("transaction.max.timeout.ms", ConfigType.Int, "900000",
            "Longest timeout of a transaction that a producer may ask for.", AtLeast(1)),
        new("transactional.id.expiration.ms", ConfigType.Int, "604800000",
            "How long a transactional id is remembered without a transaction.", AtLeast(1)),
        new("transaction.remove.expired.transaction.cleanup.interval.ms", ConfigType.Int, "3600000",
            "How often transactional ids that nobody uses are looked for.", AtLeast(1)),
        new("offset.metadata.max.bytes", ConfigType.Int, "4096", "Largest metadata of a committed offset.", AtLeast(0)),
        new("offsets.retention.minutes", ConfigType.Int, "10080",
            "How long offsets outlive their group's last member.", AtLeast(1)),
        new("offsets.retention.check.interval.ms", ConfigType.Long, "600000",
            "How often offsets that outlived their group are looked for.", AtLeast(1)),
        new("group.initial.rebalance.delay.ms", ConfigType.Int, "0",
            "How long a new group waits for more members.", AtLeast(0)),
        new("group.min.session.timeout.ms", ConfigType.Int, "6000",
            "Shortest session timeout that a member may ask for.", AtLeast(1)),
        new("group.max.session.timeout.ms", ConfigType.Int, "1800000",
            "Longest session timeout that a member may ask for.", AtLeast(1)),
        new("group.max.size", ConfigType.Int, "2147483647", "Most members of a group.", AtLeast(1)),
        new("producer.id.expiration.ms", ConfigType.Int, "86400000",
            "How long a partition remembers an idle producer.", AtLeast(1)),
        new("metadata.log.max.record.bytes.between.snapshots", ConfigType.Long, "20971520",
            "Bytes by which the metadata log grows before a snapshot replaces it.", AtLeast(1)),
        new("log.flush.relaxed", ConfigType.Boolean, "false",
            "Answers acks=all without waiting for stable storage, as Kafka does: a power failure loses what the "
            + "operating system has not written yet."),
        new("log.page.cache.bytes", ConfigType.Long, "0",
            "How much of what was written last stays in the page cache, over all logs: what is beyond is written to "
            + "the disk early and let go. 0 is a sixteenth of the memory, at least 64 MiB; -1 leaves it to the "
            + "operating system.", AtLeast(-1)),
        new("log.cleaner.enable", ConfigType.Boolean, "true", "Whether compacted topics are compacted."),
        new("log.cleaner.backoff.ms", ConfigType.Long, "15000",
            "How long the cleaner rests when no log needs it.", AtLeast(0)),
        new("log.cleaner.dedupe.buffer.size", ConfigType.Long, "134217728",
            "Most memory in which the cleaner keeps the keys of a log; 24 bytes a key.", AtLeast(1048576)),
        new("log.cleaner.io.buffer.load.factor", ConfigType.Double, "0.9",
            "How full that memory may become; the fuller, the slower.", Between(0.1, 0.99)),
        new("log.cleaner.io.max.bytes.per.second", ConfigType.Double, "1.7976931348623157E308",
            "Bytes that the cleaner reads and writes in a second, on average.", AtLeast(1)),
        new("log.retention.check.interval.ms", ConfigType.Long, "300000",
            "How often old segments are looked for.", AtLeast(1)),
        new("log.retention.hours", ConfigType.Int, "168",
            "Age beyond which segments are deleted, unless log.retention.ms is set."),
        new("log.roll.hours", ConfigType.Int, "168",
            "Age at which a segment is closed, unless log.roll.ms is set.", AtLeast(1)),
    ];

    private static readonly Dictionary<string, string> InOtherUnits = new()
    {
        ["log.retention.ms"] = "log.retention.hours",
        ["log.roll.ms"] = "log.roll.hours",
        ["log.roll.jitter.ms"] = "log.roll.jitter.hours",
        ["log.flush.interval.ms"] = "log.flush.scheduler.interval.ms",
    };

    public static IReadOnlyList<ConfigDefinition> All { get; } =
        [.. Own.Concat(GroupConfigs.OfBroker).Concat(ShareConfigs.OfBroker)
            .Concat(TopicConfigs.All.Concat(GroupConfigs.All)
                .Where(config => config.BrokerSynonym is not null).Select(AsBroker))
            .OrderBy(config => config.Name, StringComparer.Ordinal)];

    private static readonly Dictionary<string, ConfigDefinition> ByName = All.ToDictionary(config => config.Name);

    public static ConfigDefinition? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether it may change while the broker runs: those may that give topics their defaults.</summary>
    public static bool IsDynamic(string name) => TopicConfigs.All.Any(topic => topic.BrokerSynonym == name);

    private static ConfigDefinition AsBroker(ConfigDefinition topic) => topic with
    {
        Name = topic.BrokerSynonym!,
        BrokerSynonym = null,
        Default = InOtherUnits.ContainsKey(topic.BrokerSynonym!) ? null : topic.Default,
    };
}
