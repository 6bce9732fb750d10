using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using static Millrace.Fuzz.BadInput.BadRow;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about topics and configs.</summary>
internal static class OfTopics
{
    private const sbyte TopicType = 2;
    private const sbyte BrokerType = 4;

    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.Metadata, "an unknown topic id", "UnknownTopicId", _ => new MetadataRequest
        {
            Topics = [new() { TopicId = new Uuid(7, 7) }],
        }),
        new(ApiKey.Metadata, "names that are illegal", "InvalidTopic", _ => new MetadataRequest
        {
            Topics = [new() { Name = "a/b" }, new() { Name = "" }, new() { Name = ".." }],
        }),
        new(ApiKey.Metadata, "a huge name", "InvalidTopic",
            _ => new MetadataRequest { Topics = [new() { Name = Huge }] }),
        new(ApiKey.DescribeTopicPartitions, "an unknown topic", "UnknownTopicOrPartition",
            _ => new DescribeTopicPartitionsRequest
            {
                Topics = [new() { Name = "unknown" }],
            }),
        new(ApiKey.DescribeTopicPartitions, "a cursor below zero", "InvalidRequest",
            _ => new DescribeTopicPartitionsRequest
            {
                Topics = [new() { Name = Topic }],
                Cursor = new() { TopicName = Topic, PartitionIndex = -9 },
            }),
        new(ApiKey.CreateTopics, "one that exists", "TopicAlreadyExists", _ => Create(Topic, 1)),
        new(ApiKey.CreateTopics, "a name that is illegal", "InvalidTopic", _ => Create("a/b", 1)),
        new(ApiKey.CreateTopics, "an empty name", "InvalidTopic", _ => Create("", 1)),
        new(ApiKey.CreateTopics, "a huge name", "InvalidTopic", _ => Create(Huge, 1)) { Kafka = "UnknownServerError" },
        new(ApiKey.CreateTopics, "no partitions", "InvalidPartitions", _ => Create("none", 0)),
        new(ApiKey.CreateTopics, "too many partitions", "PolicyViolation", _ => Create("many", int.MaxValue)),
        new(ApiKey.CreateTopics, "a name twice", "InvalidRequest", _ => new CreateTopicsRequest
        {
            Topics = [.. Create("twice", 1).Topics, .. Create("twice", 1).Topics],
        }),
        new(ApiKey.CreateTopics, "a config that nobody knows", "InvalidConfig", _ =>
        {
            var request = Create("config", 1);
            request.Topics[0].Configs = [new() { Name = "nothing", Value = "1" }];
            return request;
        }),
        new(ApiKey.CreateTopics, "a replication factor below zero", "InvalidReplicationFactor", _ =>
        {
            var request = Create("factor", 1);
            request.Topics[0].ReplicationFactor = -5;
            return request;
        }),
        new(ApiKey.DeleteTopics, "an unknown name and id", "UnknownTopicOrPartition UnknownTopicId",
            _ => new DeleteTopicsRequest
            {
                Topics = [new() { Name = "unknown" }, new() { TopicId = new Uuid(7, 7) }],
                TimeoutMs = 1000,
            }),
        new(ApiKey.DeleteTopics, "neither a name nor an id", "InvalidRequest", _ => new DeleteTopicsRequest
        {
            Topics = [new()],
            TimeoutMs = 1000,
        }),
        new(ApiKey.DeleteTopics, "a name and an id", "InvalidRequest", at => new DeleteTopicsRequest
        {
            Topics = [new() { Name = Topic, TopicId = at.TopicId }],
            TimeoutMs = 1000,
        }),
        new(ApiKey.CreatePartitions, "an unknown topic", "UnknownTopicOrPartition", _ => Grow("unknown", 5)),
        new(ApiKey.CreatePartitions, "fewer than there are", "InvalidPartitions", _ => Grow(Topic, 1)),
        new(ApiKey.CreatePartitions, "too many", "PolicyViolation", _ => Grow(Topic, int.MaxValue)),
        new(ApiKey.CreatePartitions, "a topic twice", "InvalidRequest", _ => new CreatePartitionsRequest
        {
            Topics = [new() { Name = Topic, Count = 3 }, new() { Name = Topic, Count = 4 }],
            TimeoutMs = 1000,
            ValidateOnly = true,
        }),
        new(ApiKey.DescribeConfigs, "an unknown topic", "UnknownTopicOrPartition", _ => Describe(TopicType, "unknown")),
        new(ApiKey.DescribeConfigs, "a name that is illegal", "InvalidTopic", _ => Describe(TopicType, "a/b")),
        new(ApiKey.DescribeConfigs, "a broker that is no number", "InvalidRequest", _ => Describe(BrokerType, "one")),
        new(ApiKey.DescribeConfigs, "a type that nobody knows", "InvalidRequest", _ => Describe(99, "x")),
        new(ApiKey.AlterConfigs, "an unknown topic", "UnknownTopicOrPartition",
            _ => Alter(TopicType, "unknown", "retention.ms", "1")),
        new(ApiKey.AlterConfigs, "a value that is none", "InvalidConfig",
            _ => Alter(TopicType, Topic, "retention.ms", "long")),
        new(ApiKey.AlterConfigs, "a type that nobody knows", "InvalidRequest", _ => Alter(99, "x", "a", "b")),
        new(ApiKey.IncrementalAlterConfigs, "an unknown topic", "UnknownTopicOrPartition",
            _ => Incremental(TopicType, "unknown", 0, "retention.ms", "1")),
        new(ApiKey.IncrementalAlterConfigs, "an operation that nobody knows", "UnknownServerError",
            _ => Incremental(TopicType, Topic, 9, "retention.ms", "1")),
        new(ApiKey.IncrementalAlterConfigs, "no value", "InvalidRequest",
            _ => Incremental(TopicType, Topic, 0, "retention.ms", null)),
        new(ApiKey.IncrementalAlterConfigs, "something appended to what is no list", "InvalidConfig",
            _ => Incremental(TopicType, Topic, 2, "retention.ms", "1")),
        new(ApiKey.IncrementalAlterConfigs, "a resource twice", "InvalidRequest",
            _ => new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    .. Incremental(TopicType, Topic, 0, "retention.ms", "1").Resources,
                    .. Incremental(TopicType, Topic, 0, "retention.ms", "2").Resources,
                ],
            }),
        new(ApiKey.ListConfigResources, "a type that nobody knows", "UnsupportedVersion",
            _ => new ListConfigResourcesRequest
            {
                ResourceTypes = [99],
            }),
    ];

    private static CreateTopicsRequest Create(string name, int partitions) => new()
    {
        Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }],
        TimeoutMs = 1000,
        ValidateOnly = true,
    };

    private static CreatePartitionsRequest Grow(string name, int count) => new()
    {
        Topics = [new() { Name = name, Count = count }],
        TimeoutMs = 1000,
        ValidateOnly = true,
    };

    private static DescribeConfigsRequest Describe(sbyte type, string name) => new()
    {
        Resources = [new() { ResourceType = type, ResourceName = name }],
    };

    private static AlterConfigsRequest Alter(sbyte type, string resource, string name, string? value) => new()
    {
        Resources =
        [
            new() { ResourceType = type, ResourceName = resource, Configs = [new() { Name = name, Value = value }] },
        ],
        ValidateOnly = true,
    };

    private static IncrementalAlterConfigsRequest Incremental(
        sbyte type, string resource, sbyte operation, string name, string? value) => new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = type,
                    ResourceName = resource,
                    Configs = [new() { Name = name, ConfigOperation = operation, Value = value }],
                },
            ],
            ValidateOnly = true,
        };
}
