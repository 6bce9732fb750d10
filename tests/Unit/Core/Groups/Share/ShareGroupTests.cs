using System.Collections.Immutable;
using Millrace.Core.Groups.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Unit.Core.Groups.Consumer;

namespace Millrace.Unit.Core.Groups.Share;

/// <summary>Members of share groups, and the states that are begun for them.</summary>
public sealed class ShareGroupTests
{
    private readonly Shard _shard = new();

    public ShareGroupTests() =>
        _shard.Publish(Consumers.Image("t:3", "u:1").With("g", "share.assignment.interval.ms", "0"));

    [Fact]
    public void PartitionsAreAssignedOnceTheirStatesAreBegun()
    {
        Assert.Equal("2:", Beat("m", 0, "t"));
        var wanted = Assert.IsType<InitializeShareStates>(Assert.Single(_shard.Messages));
        Assert.Equal(("g", 2), (wanted.GroupId, wanted.StateEpoch));
        Assert.Equal([0, 1, 2], Assert.Single(wanted.Topics).Partitions);
        Assert.Equal("2", Beat("m", 2));

        Begun(wanted);

        Assert.Equal("3:t0 t1 t2", Beat("m", 2));
        Assert.Equal("3", Beat("m", 3));
        Assert.Single(_shard.Messages);
    }

    [Fact]
    public void StatesThatAreNotBegunAreAskedForAgain()
    {
        Beat("m", 0, "t");
        _shard.Wait(29_999);
        Beat("m", 2);
        Assert.Single(_shard.Messages);

        _shard.Wait(1);
        Beat("m", 2);

        Assert.Equal(2, _shard.Messages.Count);
    }

    [Fact]
    public void MembersShareAndALoadedGroupGoesOn()
    {
        Beat("m", 0, "t");
        Begun((InitializeShareStates)_shard.Messages[0]);
        Beat("m", 2);

        Assert.Equal("4:t1", Beat("n", 0, "t"));
        Assert.Equal("4:t0 t2", Beat("m", 3));
        _shard.Crash();
        Assert.Equal("4", Beat("n", 4));
        Assert.Equal("Stable", _shard.Coordinator.ShareGroups.Describe("g").GroupState);

        Assert.Equal("-1", Beat("m", -1));
        Assert.Equal("5:t0 t1 t2", Beat("n", 4));
    }

    [Fact]
    public void MorePartitionsAreBegunToo()
    {
        Beat("m", 0, "t");
        Begun((InitializeShareStates)_shard.Messages[0]);
        Beat("m", 2);
        _shard.Publish(Consumers.Image("t:5", "u:1").With("g", "share.assignment.interval.ms", "0"));

        Beat("m", 3);

        Assert.Equal([3, 4], ((InitializeShareStates)_shard.Messages[1]).Topics[0].Partitions);
        Begun((InitializeShareStates)_shard.Messages[1]);
        Assert.Equal("5:t0 t1 t2 t3 t4", Beat("m", 4));
    }

    [Theory]
    [InlineData("", 0, "t", ErrorCode.InvalidRequest)]
    [InlineData("n", 0, "", ErrorCode.InvalidRequest)]
    [InlineData("n", 0, null, ErrorCode.InvalidRequest)]
    [InlineData("n", -2, null, ErrorCode.InvalidRequest)]
    [InlineData("n", 2, null, ErrorCode.UnknownMemberId)]
    [InlineData("n", -1, null, ErrorCode.UnknownMemberId)]
    [InlineData("m", 9, null, ErrorCode.FencedMemberEpoch)]
    public void WrongHeartbeatsAreRefused(string member, int epoch, string? topics, ErrorCode expected)
    {
        Beat("m", 0, "t");

        Assert.Equal(expected.ToString(), Beat(member, epoch, topics));
    }

    [Fact]
    public void ASilentMemberIsTakenOut()
    {
        Beat("m", 0, "t");
        _shard.Wait(44_999);
        Assert.Equal("2", Beat("m", 2));
        _shard.Wait(45_000);

        Assert.Equal("UnknownMemberId", Beat("m", 2));
        Assert.Equal("Empty", _shard.Coordinator.ShareGroups.Describe("g").GroupState);
    }

    [Fact]
    public void OnlyAGroupThatNobodyIsInIsChanged()
    {
        var groups = () => _shard.Coordinator.ShareGroups;
        Assert.Equal(ErrorCode.GroupIdNotFound, groups().MayChange("g", mayBegin: false));
        Assert.Equal(ErrorCode.None, groups().MayChange("g", mayBegin: true));
        Beat("m", 0, "t");
        Assert.Equal(ErrorCode.NonEmptyGroup, groups().MayChange("g", mayBegin: true));
        Begun((InitializeShareStates)_shard.Messages[0]);
        Beat("m", -1);

        IReadOnlyList<SharedTopic> deleted = [];
        _shard.Run(effects => deleted = groups().BeginDelete("g", null, effects));
        Assert.Equal([0, 1, 2], Assert.Single(deleted).Partitions);
        _shard.Crash();
        _shard.Run(effects => deleted = groups().BeginDelete("g", null, effects));
        Assert.Equal([0, 1, 2], Assert.Single(deleted).Partitions);
        _shard.Run(effects => Assert.Equal(ErrorCode.None, groups().Delete("g", effects)));
        _shard.Crash();

        Assert.Equal(0, _shard.Coordinator.GroupCount);
    }

    [Fact]
    public void AGroupCanBeginWithItsOffsets()
    {
        var topic = new SharedTopic(Consumers.IdOf("t"), "t", [1]);
        var epoch = 0;
        _shard.Run(effects => epoch = _shard.Coordinator.ShareGroups.BeginInitialize("g", [topic], effects));
        Assert.Equal(1, epoch);
        _shard.Run(effects => _shard.Coordinator.ShareGroups.CompleteInitialize("g", [topic], effects));
        _shard.Crash();

        Assert.Equal([1], _shard.Coordinator.ShareGroups.TopicsOf("g").Initialized[topic.TopicId].Partitions);
        _shard.Run(effects => _shard.Coordinator.ShareGroups.BeginDelete(
            "g", ImmutableHashSet.Create(topic.TopicId), effects));
        _shard.Run(effects => _shard.Coordinator.ShareGroups.CompleteDelete("g", [topic.TopicId], effects));
        Assert.Empty(_shard.Coordinator.ShareGroups.TopicsOf("g").Initialized);
    }

    [Fact]
    public void EachPartitionHasAMemberAndEachMemberAPartition()
    {
        SharedTopic[] topics =
        [
            new(Consumers.IdOf("t"), "t", [0, 1, 2, 3, 4]), new(Consumers.IdOf("u"), "u", [0]),
        ];
        ShareMember[] members =
        [
            .. new[] { "a", "b", "c" }.Select(id => new ShareMember(id) { SubscribedTopicNames = ["t", "u"] }),
        ];

        var assigned = SimpleAssignor.Assign(members, topics);

        Assert.All(members, member => Assert.Contains(
            assigned[member.MemberId], partition => partition.TopicId == Consumers.IdOf("u")));
        Assert.Equal(5, assigned.Values.Sum(set => set.Count(one => one.TopicId == Consumers.IdOf("t"))));
        Assert.Equal(
            5, assigned.Values.SelectMany(set => set).Distinct().Count(one => one.TopicId == Consumers.IdOf("t")));
    }

    private void Begun(InitializeShareStates wanted) => _shard.Run(effects =>
        _shard.Coordinator.ShareGroups.CompleteInitialize(wanted.GroupId, wanted.Topics, effects));

    /// <summary>The member's epoch and, behind a colon, what it is told to have; or the error.</summary>
    private string Beat(string member, int epoch, string? topics = null)
    {
        var ask = new Ask<ShareGroupHeartbeatResponse>();
        var request = new ShareGroupHeartbeatRequest
        {
            GroupId = "g", MemberId = member, MemberEpoch = epoch,
            SubscribedTopicNames = topics?.Split(',', StringSplitOptions.RemoveEmptyEntries).ToList(),
        };
        _shard.Run(effects => _shard.Coordinator.Heartbeat(request, new(1, "c", "/h"), ask, _shard.Now, effects));
        if (ask.Answer.ErrorCode != ErrorCode.None)
            return ask.Answer.ErrorCode.ToString();
        var assignment = ask.Answer.Assignment is not { } given ? "" : ":" + string.Join(
            " ", given.TopicPartitions.SelectMany(topic => topic.Partitions.Select(
                partition => (topic.TopicId == Consumers.IdOf("t") ? "t" : "u") + partition)));
        return ask.Answer.MemberEpoch + assignment;
    }
}
