namespace Millrace.Core.Controller;

/// <summary>How a topic is made that coordinators keep their decisions in; the values are Kafka's.</summary>
/// <param name="PartitionsSetting">The broker's setting that says how many partitions it has.</param>
/// <param name="Configs">Its own settings.</param>
internal sealed record InternalTopic(string PartitionsSetting, (string Name, string Value)[] Configs)
{
    private const string SegmentBytes = "104857600";

    /// <exception cref="KeyNotFoundException">There is no such internal topic.</exception>
    public static InternalTopic Of(string name) => name switch
    {
        TopicName.ConsumerOffsets => new("offsets.topic.num.partitions",
            [("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", SegmentBytes)]),
        TopicName.TransactionState => new("transaction.state.log.num.partitions",
        [
            ("cleanup.policy", "compact"), ("compression.type", "uncompressed"), ("min.insync.replicas", "1"),
            ("segment.bytes", SegmentBytes), ("unclean.leader.election.enable", "false"),
        ]),
        TopicName.ShareGroupState => new("share.coordinator.state.topic.num.partitions",
        [
            ("cleanup.policy", "delete"), ("compression.type", "producer"), ("retention.ms", "-1"),
            ("segment.bytes", SegmentBytes),
        ]),
        _ => throw new KeyNotFoundException($"{name} is no internal topic."),
    };
}
