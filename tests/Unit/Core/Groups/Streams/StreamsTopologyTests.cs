using Millrace.Core.Groups.Streams;
using Millrace.Protocol;
using Request = Millrace.Protocol.Messages.StreamsGroupHeartbeatRequest;
using static Millrace.Unit.Core.Groups.Streams.StreamsShard;

namespace Millrace.Unit.Core.Groups.Streams;

/// <summary>What topologies come to on the topics that there are.</summary>
public sealed class StreamsTopologyTests
{
    private readonly StreamsShard _app = new();

    [Fact]
    public void SourcesThatAreMissingAreWaitedFor()
    {
        _app.Topology = Of(Sub("0", sources: ["in", "later"]));
        Assert.Equal([1], Statuses(_app.Join("a")));
        Assert.Equal("NotReady", _app.State);

        _app.Topic("later", 6);

        Assert.Equal("0:0,1,2,3,4,5", Active(_app.Beat("a", 2)));
        Assert.Equal("Stable", _app.State);
    }

    [Fact]
    public void SourcesThatBelongTogetherMustHaveAsManyPartitions()
    {
        _app.Topic("in3", 3);
        _app.Topology = Of(Copartitioned(Sub("0", sources: ["in", "in3"]), 0, 1));

        Assert.Equal([2], Statuses(_app.Join("a")));
    }

    [Fact]
    public void InternalTopicsAreCreatedWithWhatTheApplicationSays()
    {
        _app.Topology = Of(
            Sub("0", sources: ["in"], sinks: ["re"]),
            Sub("1", repartition: [("re", 0)], changelogs: ["log"]));

        var joined = _app.Join("a");

        Assert.Equal([3], Statuses(joined));
        Assert.Equal("", Active(joined));
        var created = Assert.IsType<CreateInternalTopics>(Assert.Single(_app.Messages)).Topics;
        Assert.Equal(["log/4/-1", "re/4/-1"], created.Select(
            topic => $"{topic.Name}/{topic.NumPartitions}/{topic.ReplicationFactor}"));
        Assert.Equal("compact", Assert.Single(created[0].Configs).Value);
    }

    [Fact]
    public void OnceTheyAreThereTheTasksAreGiven()
    {
        _app.Topology = Of(
            Sub("0", sources: ["in"], sinks: ["re"]),
            Sub("1", repartition: [("re", 2)], changelogs: ["log"]));
        _app.Join("a");

        _app.Topic("re", 2);
        _app.Topic("log", 2);

        Assert.Equal("0:0,1,2,3 1:0,1", Active(_app.Beat("a", 2)));
        Assert.Equal(2, _app.Describe().Topology!.Subtopologies![1].StateChangelogTopics[0].Partitions);
        Assert.Equal(3, _app.Messages.Count + 2);
    }

    [Theory]
    [InlineData("re", 3)]
    [InlineData("log", 3)]
    public void InternalTopicsOfAnotherSizeAreNotUsed(string topic, int partitions)
    {
        _app.Topology = Of(
            Sub("0", sources: ["in"], sinks: ["re"]),
            Sub("1", repartition: [("re", 2)], changelogs: ["log"]));
        _app.Topic("re", 2);
        _app.Topic("log", 2);
        _app.Topic(topic, partitions);

        Assert.Equal([2], Statuses(_app.Join("a")));
    }

    [Fact]
    public void ARepartitionTopicFollowsWhatItIsJoinedWith()
    {
        _app.Topic("wide", 8);
        var joining = Sub("1", sources: ["in"], repartition: [("re", 0)]);
        joining.CopartitionGroups = [new() { SourceTopics = [0], RepartitionSourceTopics = [0] }];
        _app.Topology = Of(Sub("0", sources: ["wide"], sinks: ["re"]), joining);

        _app.Join("a");

        var created = Assert.IsType<CreateInternalTopics>(Assert.Single(_app.Messages)).Topics;
        Assert.Equal(4, Assert.Single(created).NumPartitions);
    }

    [Theory]
    [InlineData(2, 3, 2)]
    [InlineData(3, 3, null)]
    [InlineData(0, 3, null)]
    public void RepartitionTopicsThatAreJoinedMustAgree(int first, int second, int? status)
    {
        var joining = Sub("1", repartition: [("r1", first), ("r2", second)]);
        joining.CopartitionGroups = [new() { RepartitionSourceTopics = [0, 1] }];
        _app.Topology = Of(Sub("0", sources: ["in"], sinks: ["r1", "r2"]), joining);

        Assert.Equal([status ?? 3], Statuses(_app.Join("a")));

        if (status is null)
            Assert.All(((CreateInternalTopics)_app.Messages[0]).Topics, topic => Assert.Equal(3, topic.NumPartitions));
    }

    [Theory]
    [InlineData("loop", ErrorCode.StreamsInvalidTopology)]
    [InlineData("unwritten", ErrorCode.StreamsInvalidTopology)]
    [InlineData("sourceless", ErrorCode.StreamsInvalidTopology)]
    [InlineData("sized changelog", ErrorCode.StreamsInvalidTopology)]
    [InlineData("illegal name", ErrorCode.StreamsInvalidTopology)]
    [InlineData("internal name", ErrorCode.StreamsInvalidTopology)]
    [InlineData("twice", ErrorCode.UnknownServerError)]
    [InlineData("index", ErrorCode.UnknownServerError)]
    [InlineData("negative", ErrorCode.UnknownServerError)]
    public void WhatIsNoApplicationIsRefused(string what, ErrorCode expected)
    {
        _app.Topology = what switch
        {
            "loop" => Of(
                Sub("0", sinks: ["r1"], repartition: [("r2", 0)]), Sub("1", sinks: ["r2"], repartition: [("r1", 0)])),
            "unwritten" => Of(Sub("0", repartition: [("re", 0)])),
            "sourceless" => Of(Sub("0", changelogs: ["log"])),
            "sized changelog" => Sized(Sub("0", sources: ["in"], changelogs: ["log"])),
            "illegal name" => Of(Sub("0", sources: ["in"], changelogs: ["a b"])),
            "internal name" => Of(Sub("0", sources: ["__consumer_offsets"])),
            "twice" => Of(Sub("0", sources: ["in"]), Sub("0", sources: ["in"])),
            "index" => Of(Copartitioned(Sub("0", sources: ["in"]), 5)),
            _ => Of(Sub("0", sources: ["in"], repartition: [("re", -1)])),
        };

        Assert.Equal(expected, _app.Join("a").ErrorCode);
        Assert.Equal(0, _app.Shard.Coordinator.GroupCount);
    }

    [Fact]
    public void AGroupKeepsItsTopology()
    {
        _app.Topology.Epoch = 1;
        _app.Join("a");

        _app.Topology = Of(Sub("0", sources: ["in"], changelogs: ["log"]));
        _app.Topology.Epoch = 1;
        Assert.Equal(ErrorCode.InvalidRequest, _app.Join("b").ErrorCode);
        _app.Topology.Epoch = 2;
        Assert.Equal(ErrorCode.InvalidRequest, _app.Join("b").ErrorCode);
        _app.Topology.Epoch = 0;
        Assert.Equal([0], Statuses(_app.Join("b")));
    }

    [Fact]
    public void AnApplicationOfNothingHasNoTasks()
    {
        _app.Topology = Of();

        Assert.Equal("", Active(_app.Join("a")));
        Assert.Equal("Stable", _app.State);
    }

    private static Request.Subtopology Copartitioned(Request.Subtopology sub, params short[] sources)
    {
        sub.CopartitionGroups = [new() { SourceTopics = [.. sources] }];
        return sub;
    }

    private static Request.TopologyData Sized(Request.Subtopology sub)
    {
        sub.StateChangelogTopics[0].Partitions = 4;
        return Of(sub);
    }
}
