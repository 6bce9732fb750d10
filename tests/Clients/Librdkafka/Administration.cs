using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Millrace.Clients.Librdkafka;

/// <summary>Topics, their settings, the cluster and its groups, by the administrative client.</summary>
[Trait(ClientTable.Client, ClientTable.ConfluentKafka)]
[Trait(ClientTable.Feature, "admin")]
public sealed class Administration(BrokerUnderTest broker)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task CreatesDescribesAndDeletesTopics()
    {
        using var admin = broker.Admin();
        var topic = await broker.CreateTopic(partitions: 3);
        var described = await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]));
        var description = Assert.Single(described.TopicDescriptions);
        Assert.Equal([0, 1, 2], description.Partitions.Select(partition => partition.Partition));
        Assert.All(description.Partitions, partition => Assert.Equal(Ids(partition.Replicas), Ids(partition.ISR)));
        Assert.False(description.IsInternal);
        Assert.Contains(admin.GetMetadata(Patience).Topics, each => each.Topic == topic);

        await admin.DeleteTopicsAsync([topic]);
        Assert.DoesNotContain(admin.GetMetadata(Patience).Topics, each => each.Topic == topic);
        var gone = await Assert.ThrowsAsync<DeleteTopicsException>(() => admin.DeleteTopicsAsync([topic]));
        Assert.Equal(ErrorCode.UnknownTopicOrPart, Assert.Single(gone.Results).Error.Code);
    }

    [Fact]
    public async Task RefusesWhatCannotBeATopic()
    {
        var existing = await broker.CreateTopic();
        await AssertRefused(ErrorCode.TopicAlreadyExists, new() { Name = existing });
        await AssertRefused(ErrorCode.TopicException, new() { Name = "no spaces allowed" });
        await AssertRefused(ErrorCode.TopicException, new() { Name = new string('x', 250) });
        await AssertRefused(ErrorCode.InvalidReplicationFactor, new() { ReplicationFactor = 5 });
        await AssertRefused(ErrorCode.InvalidConfig, new() { Configs = new() { ["retention.ms"] = "soon" } });
        await AssertRefused(ErrorCode.InvalidConfig, new() { Configs = new() { ["no.such.setting"] = "1" } });
    }

    [Fact]
    public async Task OnlyValidatesWhenAsked()
    {
        using var admin = broker.Admin();
        var topic = broker.NewName("topic");
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic }], new() { ValidateOnly = true });
        Assert.DoesNotContain(admin.GetMetadata(Patience).Topics, each => each.Topic == topic);
    }

    [Fact]
    public async Task AddsPartitions()
    {
        using var admin = broker.Admin();
        var topic = await broker.CreateTopic(partitions: 2);
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 5 }]);
        Assert.Equal(5, admin.GetMetadata(topic, Patience).Topics[0].Partitions.Count);
        using var producer = broker.Producer();
        await producer.Produce(new TopicPartition(topic, 4), [Sample.New(null, "value")]);

        var refused = await Assert.ThrowsAsync<CreatePartitionsException>(
            () => admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 3 }]));
        Assert.Equal(ErrorCode.InvalidPartitions, Assert.Single(refused.Results).Error.Code);
    }

    [Fact]
    public async Task DescribesSettings()
    {
        using var admin = broker.Admin();
        var topic = await broker.CreateTopic(
            configs: new() { ["retention.ms"] = "12345", ["cleanup.policy"] = "compact" });
        var entries = await Settings(admin, ResourceType.Topic, topic);
        Assert.Equal("12345", entries["retention.ms"].Value);
        Assert.Equal(ConfigSource.DynamicTopicConfig, entries["retention.ms"].Source);
        Assert.Equal("compact", entries["cleanup.policy"].Value);
        Assert.Equal("1048588", entries["max.message.bytes"].Value);
        Assert.True(entries["max.message.bytes"].IsDefault);

        var node = (await admin.DescribeClusterAsync()).Nodes.Single();
        Assert.True((await Settings(admin, ResourceType.Broker, $"{node.Id}")).ContainsKey("num.partitions"));
    }

    [Fact]
    public async Task DescribesTheCluster()
    {
        using var admin = broker.Admin();
        var cluster = await admin.DescribeClusterAsync();
        Assert.NotEmpty(cluster.ClusterId);
        var node = Assert.Single(cluster.Nodes);
        Assert.Equal(broker.Bootstrap, $"{node.Host}:{node.Port}");
        Assert.Equal(node.Id, cluster.Controller.Id);
    }

    [Fact]
    public async Task ListsAndDescribesGroups()
    {
        using var admin = broker.Admin();
        var topic = await broker.CreateTopic(partitions: 2);
        using var producer = broker.Producer();
        await producer.Produce(new TopicPartition(topic, 0), [Sample.New(null, "value")]);
        var group = broker.NewName("group");
        using (var consumer = broker.Consumer(config =>
        {
            config.GroupId = group;
            config.ClientId = "the client";
        }))
        {
            consumer.Subscribe(topic);
            consumer.Take(1);
            var description = await Describe(admin, group);
            Assert.Equal(ConsumerGroupState.Stable, description.State);
            Assert.Equal("range", description.PartitionAssignor);
            var member = Assert.Single(description.Members);
            Assert.Equal("the client", member.ClientId);
            Assert.Equal(2, member.Assignment.TopicPartitions.Count);
            var listed = await admin.ListConsumerGroupsAsync();
            Assert.Contains(listed.Valid, each => each.GroupId == group && each.State == ConsumerGroupState.Stable);
            consumer.Commit();
            consumer.Close();
        }

        Assert.Equal(ConsumerGroupState.Empty, (await Describe(admin, group)).State);
        var offsets = await admin.ListConsumerGroupOffsetsAsync(
            [new ConsumerGroupTopicPartitions(group, [new TopicPartition(topic, 0)])]);
        Assert.Equal(1, Assert.Single(Assert.Single(offsets).Partitions).Offset.Value);
    }

    [Fact]
    public async Task ListsOffsets()
    {
        using var admin = broker.Admin();
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        using var producer = broker.Producer();
        await producer.Produce(partition, Enumerable.Range(0, 10).Select(i => Sample.New(null, $"{i}")));
        async Task<long> OffsetOf(OffsetSpec spec)
        {
            var listed = await admin.ListOffsetsAsync([new() { TopicPartition = partition, OffsetSpec = spec }]);
            return Assert.Single(listed.ResultInfos).TopicPartitionOffsetError.Offset.Value;
        }

        Assert.Equal(0, await OffsetOf(OffsetSpec.Earliest()));
        Assert.Equal(10, await OffsetOf(OffsetSpec.Latest()));
    }

    private static async Task<Dictionary<string, ConfigEntryResult>> Settings(
        IAdminClient admin, ResourceType type, string name)
    {
        var described = await admin.DescribeConfigsAsync([new ConfigResource { Type = type, Name = name }]);
        return Assert.Single(described).Entries;
    }

    private static IEnumerable<int> Ids(List<Node> nodes) => nodes.Select(node => node.Id);

    private static async Task<ConsumerGroupDescription> Describe(IAdminClient admin, string group) =>
        Assert.Single((await admin.DescribeConsumerGroupsAsync([group])).ConsumerGroupDescriptions);

    private async Task AssertRefused(ErrorCode expected, TopicSpecification topic)
    {
        topic.Name ??= broker.NewName("topic");
        using var admin = broker.Admin();
        var refusal = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync([topic]));
        Assert.Equal(expected, Assert.Single(refusal.Results).Error.Code);
    }
}
