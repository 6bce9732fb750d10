using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Controller;

/// <summary>What the controller decides, and that its records say all of it.</summary>
public sealed class ControllerTests
{

    private readonly Millrace.Core.Controller.Controller _controller = New();
    private readonly List<IMessage> _log = [];

    [Fact]
    public void ACreatedTopicHasItsPartitionsAndSettings()
    {
        var result = Create("orders", partitions: 3, ("retention.ms", "1000"));

        var topic = _controller.Image.Find("orders");
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        Assert.Equal(3, topic!.Partitions.Length);
        Assert.Equal("1000", topic.Configs["retention.ms"]);
        Assert.Equal(topic, _controller.Image.Find(result.TopicId));
        Assert.Contains(result.Configs!, config => config is { Name: "retention.ms", Value: "1000", ConfigSource: 1 });
    }

    [Theory]
    [InlineData("", 1, ErrorCode.InvalidTopic)]
    [InlineData("a b", 1, ErrorCode.InvalidTopic)]
    [InlineData("..", 1, ErrorCode.InvalidTopic)]
    [InlineData("__cluster_metadata", 1, ErrorCode.InvalidRequest)]
    [InlineData("there.is", 1, ErrorCode.TopicAlreadyExists)]
    [InlineData("there_is", 1, ErrorCode.InvalidTopic)]
    [InlineData("new", 0, ErrorCode.InvalidPartitions)]
    [InlineData("new", -2, ErrorCode.InvalidPartitions)]
    [InlineData("new", 20_000_000, ErrorCode.PolicyViolation)]
    public void ATopicThatCantBeIsRefused(string name, int partitions, ErrorCode expected)
    {
        Create("there.is");

        Assert.Equal(expected, Create(name, partitions).ErrorCode);
        Assert.Single(_controller.Image.Topics.ByName);
    }

    [Theory]
    [InlineData("no.such.config", "1")]
    [InlineData("retention.ms", "-2")]
    [InlineData("retention.ms", "abc")]
    [InlineData("cleanup.policy", "nonsense")]
    [InlineData("segment.bytes", "100")]
    [InlineData("message.timestamp.type", "logappendtime")]
    [InlineData("min.compaction.lag.ms", "9223372036854775808")]
    public void ASettingThatCantBeIsRefused(string name, string value) =>
        Assert.Equal(ErrorCode.InvalidConfig, Create("t", 1, (name, value)).ErrorCode);

    [Fact]
    public void ValidateOnlyChangesNothing()
    {
        var request = Request("t", 1);
        request.ValidateOnly = true;

        Commit(records => _controller.CreateTopics(request, records));

        Assert.Empty(_log);
    }

    [Fact]
    public void PartitionsGrow()
    {
        Create("t", partitions: 2);

        var results = CreatePartitions("t", 5);

        Assert.Equal(ErrorCode.None, results.Results[0].ErrorCode);
        Assert.Equal(5, _controller.Image.Find("t")!.Partitions.Length);
    }

    [Theory]
    [InlineData("t", 2, ErrorCode.InvalidPartitions)]
    [InlineData("t", 1, ErrorCode.InvalidPartitions)]
    [InlineData("none", 5, ErrorCode.UnknownTopicOrPartition)]
    public void PartitionsDontShrink(string name, int count, ErrorCode expected)
    {
        Create("t", partitions: 2);

        var results = CreatePartitions(name, count);

        Assert.Equal(expected, results.Results[0].ErrorCode);
    }

    [Fact]
    public void ADefaultReplicationFactorThatCantBeIsRefused()
    {
        var settings = new BrokerSettings([new("default.replication.factor", "3")]);
        var controller = new Millrace.Core.Controller.Controller(settings, new CountedIds());
        var request = Request("t", 1);
        request.Topics[0].ReplicationFactor = -1;

        var result = controller.CreateTopics(request, []).Topics[0];

        Assert.Equal(ErrorCode.InvalidReplicationFactor, result.ErrorCode);
    }

    [Fact]
    public void ATopicIsDeletedByNameOrId()
    {
        Create("a");
        var id = Create("b").TopicId;

        var response = Commit(records => _controller.DeleteTopics(
            new DeleteTopicsRequest { Topics = [new() { Name = "a" }, new() { TopicId = id }] }, 6, records));

        Assert.All(response.Responses, deleted => Assert.Equal(ErrorCode.None, deleted.ErrorCode));
        Assert.Empty(_controller.Image.Topics.ByName);
        Assert.Empty(_controller.Image.Topics.NamesById);
    }

    [Fact]
    public void ATopicNamedTwiceIsNotDeleted()
    {
        var id = Create("a").TopicId;

        var response = Commit(records => _controller.DeleteTopics(
            new DeleteTopicsRequest { Topics = [new() { Name = "a" }, new() { TopicId = id }] }, 6, records));

        Assert.All(response.Responses, deleted => Assert.Equal(ErrorCode.InvalidRequest, deleted.ErrorCode));
        Assert.Single(_controller.Image.Topics.ByName);
    }

    [Fact]
    public void ProducerIdBlocksDontOverlap()
    {
        var first = Commit(records => _controller.AllocateProducerIds(out _, records));
        var second = Commit(records => _controller.AllocateProducerIds(out _, records));

        Assert.Equal(first + 1000, second);
    }

    [Fact]
    public void TheRecordsSayItAll()
    {
        Create("a", partitions: 2, ("retention.ms", "5"));
        Create("b");
        Commit(records => _controller.DeleteTopics(new DeleteTopicsRequest { TopicNames = ["b"] }, 1, records));
        Commit(records => _controller.AllocateProducerIds(out _, records));

        var replayed = New();
        foreach (var record in _log)
            replayed.Replay(ThroughBytes(record));

        Assert.Equal(Describe(_controller.Image), Describe(replayed.Image));
    }

    private static Millrace.Core.Controller.Controller New() =>
        new(new BrokerSettings([]), new CountedIds());

    private static string Describe(ClusterImage image) => string.Join('\n', image.Topics.Values
        .OrderBy(topic => topic.Name, StringComparer.Ordinal)
        .Select(topic => $"{topic.Name} {topic.Id} {topic.Partitions.Length} {string.Join(',', topic.Configs)}")
        .Append($"{image.NextProducerId}"));

    private static IMessage ThroughBytes(IMessage record)
    {
        using var writer = new WireWriter();
        MetadataRecord.Write(writer, record);
        return MetadataRecord.Read(writer.Written.ToArray());
    }

    private CreatePartitionsResponse CreatePartitions(string name, int count)
    {
        var topic = new CreatePartitionsRequest.CreatePartitionsTopic
        {
            Name = name,
            Count = count,
            Assignments = null,
        };
        return Commit(records => _controller.CreatePartitions(new() { Topics = [topic] }, records));
    }

    private static CreateTopicsRequest Request(
        string name, int partitions, params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = 1,
        };
        foreach (var (key, value) in configs)
            topic.Configs.Add(new() { Name = key, Value = value });
        return new CreateTopicsRequest { Topics = [topic] };
    }

    private CreateTopicsResponse.CreatableTopicResult Create(
        string name, int partitions = 1, params (string Name, string Value)[] configs) =>
        Commit(records => _controller.CreateTopics(Request(name, partitions, configs), records)).Topics[0];

    private T Commit<T>(Func<List<IMessage>, T> decide)
    {
        var records = new List<IMessage>();
        var response = decide(records);
        foreach (var record in records)
            _controller.Replay(record);
        _log.AddRange(records);
        return response;
    }
}
