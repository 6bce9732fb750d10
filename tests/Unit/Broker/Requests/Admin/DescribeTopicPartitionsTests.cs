using Millrace.Broker;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests.Admin;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;
using Millrace.Unit.Broker.Partitions;

namespace Millrace.Unit.Broker.Requests.Admin;

/// <summary>Pages of topics and partitions (KIP-966).</summary>
public sealed class DescribeTopicPartitionsTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly DescribeTopicPartitionsHandler _handler;

    public DescribeTopicPartitionsTests()
    {
        foreach (var (name, partitions) in new[] { ("a", 3), ("b", 2) })
        {
            _fixture.Topics.Set(new HostedTopic(
                name, new Uuid(5, name[0]), [.. Enumerable.Repeat(_fixture.Partition, partitions)]));
        }

        _handler = new DescribeTopicPartitionsHandler(
            _fixture.Topics, new NodeIdentity("cluster", 1, null, 0), new BrokerSettings([]));
    }

    [Theory]
    [InlineData(2, null, 0, "a:0 a:1", "a", 2)]
    [InlineData(2, "a", 2, "a:2 b:0", "b", 1)]
    [InlineData(3, null, 0, "a:0 a:1 a:2", "b", 0)]
    [InlineData(3, "b", 0, "b:0 b:1 orders:0", null, 0)]
    [InlineData(9, "aa", 7, "b:0 b:1 orders:0", null, 0)]
    [InlineData(0, "b", 1, "b:1", "orders", 0)]
    public void APageEndsWhereTheNextBegins(
        int limit, string? topic, int partition, string expected, string? nextTopic, int nextPartition)
    {
        var response = Ask(limit, topic is null ? null : new() { TopicName = topic, PartitionIndex = partition });

        Assert.Equal(expected, string.Join(' ', response.Topics.SelectMany(
            told => told.Partitions, (told, part) => $"{told.Name}:{part.PartitionIndex}")));
        Assert.Equal(nextTopic, response.NextCursor?.TopicName);
        Assert.Equal(nextPartition, response.NextCursor?.PartitionIndex ?? 0);
    }

    [Fact]
    public void AnUnknownTopicIsToldOnlyIfItIsNamed()
    {
        var response = Ask(9, null, "none", "a b", "b");

        Assert.Equal(
            [("a b", ErrorCode.InvalidTopic), ("b", ErrorCode.None), ("none", ErrorCode.UnknownTopicOrPartition)],
            response.Topics.Select(topic => (topic.Name!, topic.ErrorCode)));
    }

    [Fact]
    public void ANegativeCursorIsRefused() => Assert.Equal(
        ErrorCode.InvalidRequest,
        Ask(9, new() { TopicName = "a", PartitionIndex = -1 }, "a").Topics.Single().ErrorCode);

    private DescribeTopicPartitionsResponse Ask(
        int limit, DescribeTopicPartitionsRequest.CursorData? cursor, params string[] topics)
    {
        var connection = new SimConnection(_fixture.Loop);
        var pending = connection.Send(_handler, ApiKey.DescribeTopicPartitions, 0, new DescribeTopicPartitionsRequest
        {
            ResponsePartitionLimit = limit,
            Cursor = cursor,
            Topics = [.. topics.Select(name => new DescribeTopicPartitionsRequest.TopicRequest { Name = name })],
        });
        return connection.Answer<DescribeTopicPartitionsResponse>(pending);
    }
}
