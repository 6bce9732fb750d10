using Confluent.Kafka;

namespace Millrace.Clients;

/// <summary>Consumer groups: members share partitions, hand them over, and resume where the group left off.</summary>
public sealed class Groups(BrokerUnderTest broker)
{
    private const int Partitions = 4;
    private const int RecordsEach = 25;
    private const string Classic = "classic group";
    private const string Consumer = "consumer group";

    public static IEnumerable<TheoryDataRow<string>> Members =>
    [
        Member("librdkafka", ClientTable.ConfluentKafka, Classic),
        Member("librdkafka-cooperative", ClientTable.ConfluentKafka, Classic),
        Member("librdkafka-consumer", ClientTable.ConfluentKafka, Consumer),
        Member("kcat", "kcat", Classic),
        .. ClientProgram.Languages.Select(client => Member(client, client, Classic)),
        Member(ClientProgram.Platformatic + "-consumer", ClientProgram.Platformatic, Consumer),
        Member(ClientProgram.Java + "-consumer", ClientProgram.Java, Consumer),
    ];

    [Theory]
    [MemberData(nameof(Members))]
    public async Task ShareHandOverAndResume(string client)
    {
        var topic = await broker.CreateTopic(Partitions);
        var group = new GroupUnderTest(broker, client, topic);
        await using var first = group.Join();
        await Produce(topic);
        await group.Until(() => first.Assigned.Count == Partitions && first.Records.Count == Total(1), first);

        await using var second = group.Join();
        await group.Until(() => Shared(first, second), first, second);
        await Produce(topic);
        await group.Until(() => first.Records.Union(second.Records).Count() == Total(2), first, second);

        await second.Leave();
        await group.Until(() => first.Assigned.Count == Partitions, first);
        await Produce(topic);
        await group.Until(() => first.Records.Union(second.Records).Count() == Total(3), first, second);

        await first.Leave();
        await Produce(topic);
        await using var third = group.Join();
        await group.Until(() => third.Records.Count(record => record.Offset >= 3 * RecordsEach) == Total(1), third);
        Assert.Equal(Total(1), third.Records.Count);
        await third.Leave();
    }

    /// <summary>Who is killed leaves nothing behind: its partitions go to others after its session.</summary>
    [Theory]
    [InlineData("librdkafka-consumer")]
    [InlineData("librdkafka")]
    public async Task TakeOverFromTheKilled(string client)
    {
        var topic = await broker.CreateTopic(Partitions);
        var group = new GroupUnderTest(broker, client, topic);
        await using var first = group.Join();
        var killed = group.Join(client == "librdkafka" ? "kcat" : ClientProgram.Java + "-consumer");
        await using (killed)
        {
            await Produce(topic);
            await group.Until(() => Shared(first, killed), first, killed);
        }

        await Produce(topic);
        await group.Until(
            () => first.Assigned.Count == Partitions && first.Records.Union(killed.Records).Count() == Total(2), first);
    }

    /// <summary>
    /// A group in use goes over to the new protocol member by member, and back (KIP-848): in between it has members of
    /// both, and loses none of its records.
    /// </summary>
    [Theory]
    [InlineData("librdkafka", "librdkafka-consumer")]
    [InlineData("librdkafka-consumer", "librdkafka")]
    public async Task GoOverToTheOtherProtocolWhileTheyWork(string before, string after)
    {
        var topic = await broker.CreateTopic(Partitions);
        var group = new GroupUnderTest(broker, before, topic);
        await using var first = group.Join(before);
        await using var second = group.Join(before);
        await Produce(topic);
        await group.Until(() => Shared(first, second), first, second);

        await using var third = group.Join(after);
        await group.Until(() => third.Assigned.Count > 0, first, second, third);
        await first.Leave();
        await using var fourth = group.Join(after);
        await second.Leave();
        await group.Until(() => Shared(third, fourth), third, fourth);
        await Produce(topic);
        await group.Until(
            () => new[] { first, second, third, fourth }.SelectMany(member => member.Records).Distinct().Count()
                == Total(2),
            first, second, third, fourth);
    }

    [Fact]
    public async Task KeepCommittedOffsetsAndTheirMetadata()
    {
        var topic = await broker.CreateTopic(2);
        var group = broker.NewName("group");
        using (var consumer = broker.Consumer(config => config.GroupId = group))
        {
            consumer.Commit(
            [
                new TopicPartitionOffset(topic, 0, 7),
                new TopicPartitionOffset(topic, 1, 9),
            ]);
        }

        using var other = broker.Consumer(config => config.GroupId = group);
        var committed = other.Committed(
            [new TopicPartition(topic, 0), new TopicPartition(topic, 1)], TimeSpan.FromSeconds(10));
        Assert.Equal([7L, 9L], committed.Select(offset => offset.Offset.Value));
    }

    /// <summary>A static member that comes back within its session keeps its partitions without a rebalance.</summary>
    [Fact]
    public async Task KnowStaticMembersAgain()
    {
        var topic = await broker.CreateTopic(2);
        var group = broker.NewName("group");
        var assignments = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var consumer = broker.Consumer(config =>
            {
                config.GroupId = group;
                config.GroupInstanceId = "instance";
                config.EnableAutoCommit = false;
            });
            await Produce(topic, 2);
            consumer.Subscribe(topic);
            consumer.Take(1);
            using var admin = broker.Admin();
            var described = await admin.DescribeConsumerGroupsAsync([group]);
            var member = Assert.Single(described.ConsumerGroupDescriptions[0].Members);
            Assert.Equal("instance", member.GroupInstanceId);
            assignments.Add(string.Join(' ', member.Assignment.TopicPartitions.Order()));
        }

        Assert.Equal(assignments[0], assignments[1]);
    }

    private static TheoryDataRow<string> Member(string member, string client, string feature) =>
        new TheoryDataRow<string>(member).WithTrait(ClientTable.Client, client)
            .WithTrait(ClientTable.Feature, feature);

    private async Task Produce(string topic, int partitions = Partitions)
    {
        using var producer = broker.Producer();
        for (var partition = 0; partition < partitions; partition++)
        {
            await producer.Produce(
                new TopicPartition(topic, partition),
                Enumerable.Range(0, RecordsEach).Select(i => Sample.New(null, $"{i}")));
        }
    }

    private static int Total(int rounds) => rounds * Partitions * RecordsEach;

    private static bool Shared(GroupUnderTest.Member first, GroupUnderTest.Member second) =>
        first.Assigned.Count > 0 && second.Assigned.Count > 0
        && first.Assigned.Count + second.Assigned.Count == Partitions
        && !first.Assigned.Overlaps(second.Assigned);
}
