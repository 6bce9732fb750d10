using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Groups;

public sealed class OffsetTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData("", -1, "", 2, ErrorCode.None)]
    [InlineData("new", -1, "", 9, ErrorCode.None)]
    [InlineData("new", -1, "m-1", 8, ErrorCode.None)]
    [InlineData("new", 0, "", 8, ErrorCode.IllegalGeneration)]
    [InlineData("new", 0, "", 9, ErrorCode.GroupIdNotFound)]
    [InlineData("simple", -1, "", 9, ErrorCode.None)]
    [InlineData("simple", 1, "m-1", 2, ErrorCode.UnknownMemberId)]
    [InlineData("simple", 1, "m-1", 9, ErrorCode.UnknownMemberId)]
    [InlineData("full", -1, "", 8, ErrorCode.UnknownMemberId)]
    [InlineData("full", -1, "a-1", 8, ErrorCode.IllegalGeneration)]
    [InlineData("full", 0, "a-1", 8, ErrorCode.IllegalGeneration)]
    [InlineData("full", 2, "a-1", 8, ErrorCode.IllegalGeneration)]
    [InlineData("full", 1, "a-1", 8, ErrorCode.None)]
    public void CommitIsAnsweredAsKafkaDoes(
        string group, int generation, string member, short version, ErrorCode expected)
    {
        _shard.Alone("full");
        _shard.Commit("simple", 1);
        Assert.Equal(expected, _shard.Commit(group, 42, member, generation, version: version));
        Assert.Equal(expected == ErrorCode.None ? 42 : group == "simple" ? 1 : -1, _shard.Committed(group));
    }

    [Theory]
    [InlineData('m', 4_096, ErrorCode.None)]
    [InlineData('m', 4_097, ErrorCode.OffsetMetadataTooLarge)]
    [InlineData('é', 2_048, ErrorCode.None)]
    [InlineData('é', 2_049, ErrorCode.OffsetMetadataTooLarge)]
    public void MetadataIsMeasuredInBytes(char letter, int count, ErrorCode expected) =>
        Assert.Equal(expected, _shard.Commit("g", 1, metadata: new string(letter, count)));

    [Theory]
    [InlineData(-2)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public void AnyOffsetIsTaken(long offset)
    {
        Assert.Equal(ErrorCode.None, _shard.Commit("g", offset, metadata: null));
        Assert.Equal(offset, _shard.Committed("g"));
    }

    [Fact]
    public void PartitionsThatTheShellRefusedAreLeftOut()
    {
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            Topics = [new()
            {
                Name = "t",
                Partitions = [new() { PartitionIndex = 0, CommittedOffset = 1 }, new() { PartitionIndex = 9 }],
            }],
        };
        var response = GroupReplies.For(request);
        response.Topics[0].Partitions[1].ErrorCode = ErrorCode.UnknownTopicOrPartition;
        var ask = new Ask<OffsetCommitResponse>();
        _shard.Run(effects => _shard.Coordinator.CommitOffsets(
            request, response, new(8, "", ""), ask, _shard.Now, effects));
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition],
            ask.Answer.Topics[0].Partitions.Select(partition => partition.ErrorCode));
        Assert.Single(_shard.Log);
    }

    [Fact]
    public void CommitTooLargeForABatchIsRefused()
    {
        var shard = new Shard(new GroupSettings { MaxBatchBytes = 1_000 });
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, shard.Commit("g", 1, metadata: new string('m', 1_000)));
        Assert.Empty(shard.Log);
    }

    [Fact]
    public void CommitIsAnsweredWhenFlushed()
    {
        _shard.HoldsCommits = true;
        var commit = _shard.TryCommit("g", 5);
        Assert.True(commit.Waits);
        _shard.Flush();
        Assert.Equal(ErrorCode.None, commit.Answer.Topics[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public void FetchGivesAllInOrderOrWhatIsAskedFor()
    {
        _shard.Commit("g", 3, topic: "u", partition: 1, metadata: "note");
        _shard.Commit("g", 2, topic: "u");
        _shard.Commit("g", 1, topic: "t", partition: 7);
        var all = _shard.Coordinator.FetchOffsets(new() { GroupId = "g", Topics = null });
        Assert.Equal(["t-7=1", "u-0=2", "u-1=3"], all.Topics.SelectMany(topic => topic.Partitions.Select(
            partition => $"{topic.Name}-{partition.PartitionIndex}={partition.CommittedOffset}")));
        Assert.Equal("note", all.Topics[1].Partitions[1].Metadata);

        var some = _shard.Coordinator.FetchOffsets(
            new() { GroupId = "none", Topics = [new() { Name = "t", PartitionIndexes = [7, 7] }] }).Topics[0];
        Assert.All(some.Partitions, partition =>
            Assert.Equal((-1L, -1, "", ErrorCode.None),
                (partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.Metadata, partition.ErrorCode)));
        Assert.Equal(2, some.Partitions.Count);
    }

    [Theory]
    [InlineData("", "t", ErrorCode.InvalidGroupId, ErrorCode.None)]
    [InlineData("none", "t", ErrorCode.GroupIdNotFound, ErrorCode.None)]
    [InlineData("full", "t", ErrorCode.None, ErrorCode.GroupSubscribedToTopic)]
    [InlineData("full", "u", ErrorCode.None, ErrorCode.None)]
    [InlineData("simple", "t", ErrorCode.None, ErrorCode.None)]
    public void OffsetsAreDeletedUnlessSubscribed(string group, string topic, ErrorCode expected, ErrorCode each)
    {
        var member = _shard.Alone("full");
        _shard.Commit("full", 1, member, 1, topic: topic);
        _shard.Commit("simple", 1, topic: topic);
        var errors = new ErrorCode[1];
        var error = ErrorCode.None;
        _shard.Run(effects =>
            error = _shard.Coordinator.DeleteOffsets(group, [new TopicPartition(topic, 0)], errors, effects));
        Assert.Equal((expected, each), (error, errors[0]));
        if (expected == ErrorCode.None)
            Assert.Equal(each == ErrorCode.None ? -1 : 1, _shard.Committed(group, topic));
    }

    [Fact]
    public void OffsetsOfAnEmptyGroupExpireAfterTheRetention()
    {
        const long Retention = 7L * 24 * 3_600_000;
        var member = _shard.Alone("left");
        _shard.Commit("left", 1, member, 1);
        _shard.Commit("simple", 1);
        _shard.Wait(20_000);
        _shard.Leave("left", member);
        _shard.Wait(Retention - 600_000);
        _shard.Commit("simple", 2, partition: 1);
        Assert.Equal((1L, 1L), (_shard.Committed("left"), _shard.Committed("simple")));
        _shard.Wait(1_200_000);
        Assert.Equal((-1L, -1L, 2L),
            (_shard.Committed("left"), _shard.Committed("simple"), _shard.Committed("simple", partition: 1)));
        Assert.Equal(("Dead", "Empty"), (_shard.State("left"), _shard.State("simple")));
    }

    [Fact]
    public void StableGroupLosesOldOffsetsOfUnsubscribedTopicsOnly()
    {
        var member = _shard.Alone("g");
        _shard.Commit("g", 1, member, 1, topic: "t");
        _shard.Commit("g", 2, member, 1, topic: "former");
        for (var hours = 0; hours < 7 * 24 + 1; hours++)
            for (var i = 0; i < 180; i++)
            {
                _shard.Wait(20_000);
                _shard.Heartbeat("g", member, 1);
            }

        Assert.Equal((1L, -1L), (_shard.Committed("g", "t"), _shard.Committed("g", "former")));
    }

    [Fact]
    public void ExpiryTakesManySmallSteps()
    {
        var shard = new Shard(new GroupSettings { MaxExpiredRecords = 10, OffsetsRetentionMs = 1_000 });
        for (var partition = 0; partition < 95; partition++)
            shard.Commit($"g{partition % 3}", 1, partition: partition);
        var calls = 0;
        shard.Wait(600_000 - 1);
        while (shard.Coordinator.GroupCount > 0)
        {
            var before = shard.Log.Count;
            shard.Run(effects => shard.Coordinator.Expire(shard.Now + 1, effects));
            Assert.InRange(shard.Log.Count - before, 1, 11);
            calls++;
        }

        Assert.InRange(calls, 9, 12);
    }
}
