using Millrace.Core.Groups;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups;

public sealed class RebalanceTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData("", "a-1", 1, null, null, ErrorCode.InvalidGroupId)]
    [InlineData("none", "a-1", 1, null, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "m-unknown", 1, null, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "a-1", 0, null, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "a-1", 2, null, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "a-1", -1, null, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "a-1", 1, "connect", "range", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("g", "a-1", 1, "consumer", "roundrobin", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("g", "a-1", 1, "consumer", "range", ErrorCode.None)]
    [InlineData("g", "a-1", 1, null, null, ErrorCode.None)]
    public void SyncIsAnsweredAsKafkaDoes(
        string group, string member, int generation, string? type, string? protocol, ErrorCode expected)
    {
        _shard.Alone("g");
        var answer = _shard.Sync(group, member, generation, "", null, type, protocol).Answer;
        Assert.Equal(expected, answer.ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? "all" : "", Shard.Text(answer.Assignment));
    }

    [Fact]
    public void GenerationGoesThroughItsStates()
    {
        var leader = _shard.Alone("g");
        var follower = _shard.Join("g", client: "b").Answer.MemberId;
        Assert.Equal("Stable", _shard.State("g"));

        var join = _shard.Join("g", follower, client: "b");
        Assert.Equal("PreparingRebalance", _shard.State("g"));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", leader, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Sync("g", leader, 1).Answer.ErrorCode);
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 7, leader, 1));
        Assert.Equal("all", Shard.Text(_shard.Coordinator.Describe("g", 5).Members[0].MemberAssignment));

        _shard.Join("g", leader);
        Assert.Equal(2, join.Answer.GenerationId);
        Assert.Equal("CompletingRebalance", _shard.State("g"));
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", leader, 2));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Commit("g", 8, leader, 2));

        var waiting = _shard.Sync("g", follower, 2);
        Assert.True(waiting.Waits);
        _shard.Sync("g", leader, 2, $"{leader}=mine,stranger=none");
        Assert.Equal("", Shard.Text(waiting.Answer.Assignment));
        Assert.Equal("Stable", _shard.State("g"));
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 8, leader, 2));
    }

    [Fact]
    public void SyncsAreAnsweredWhenTheAssignmentIsCommitted()
    {
        var leader = _shard.Join("g", version: 3).Answer.MemberId;
        _shard.HoldsCommits = true;
        var sync = _shard.Sync("g", leader, 1, $"{leader}=all");
        var again = _shard.Sync("g", leader, 1);
        Assert.True(sync.Waits && again.Waits);
        _shard.Flush();
        Assert.Equal("all", Shard.Text(sync.Answer.Assignment));
        Assert.Equal("all", Shard.Text(again.Answer.Assignment));
    }

    [Fact]
    public void NewJoinSendsWaitingSyncsBack()
    {
        var (leader, follower) = _shard.Pair("g");
        var join = _shard.Join("g", leader);
        _shard.Join("g", follower);
        Assert.Equal(3, join.Answer.GenerationId);
        var waiting = _shard.Sync("g", follower, 3);
        _shard.Join("g", version: 3, client: "c");
        Assert.Equal(ErrorCode.RebalanceInProgress, waiting.Answer.ErrorCode);
    }

    [Fact]
    public void AssignmentTooLargeToStoreFailsTheSync()
    {
        var shard = new Shard(new GroupSettings { InitialRebalanceDelayMs = 0, MaxBatchBytes = 1_000 });
        var member = shard.Join("g", version: 3).Answer.MemberId;
        var answer = shard.Sync("g", member, 1, $"{member}={new string('x', 1_000)}").Answer;
        Assert.Equal(ErrorCode.UnknownServerError, answer.ErrorCode);
        Assert.Equal("PreparingRebalance", shard.State("g"));
        Assert.Empty(shard.Log);
    }

    [Fact]
    public void FailedAppendIsToldToAllAndForgotten()
    {
        var (leader, follower) = _shard.Pair("g");
        var join = _shard.Join("g", leader);
        _shard.Join("g", follower);
        Assert.Equal(3, join.Answer.GenerationId);
        var waiting = _shard.Sync("g", follower, 3);
        _shard.NextAppend = ErrorCode.NotLeaderOrFollower;
        Assert.Equal(ErrorCode.NotCoordinator, _shard.Sync("g", leader, 3, $"{leader}=x").Answer.ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, waiting.Answer.ErrorCode);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", leader, 2));
        Assert.Equal("right", Shard.Text(_shard.Sync("g", follower, 2).Answer.Assignment));
    }

    [Fact]
    public void FailedAppendAnswersThoseWhoWaitInOtherGroups()
    {
        var (_, follower) = _shard.Pair("other");
        var waiting = _shard.Join("other", follower, "range:else");
        _shard.NextAppend = ErrorCode.NotEnoughReplicas;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _shard.Commit("simple", 3));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, waiting.Answer.ErrorCode);
        Assert.Equal(-1, _shard.Committed("simple"));
    }

    [Theory]
    [InlineData("", "a-1", 1, null, ErrorCode.InvalidGroupId)]
    [InlineData("none", "a-1", 1, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "m-unknown", 1, null, ErrorCode.UnknownMemberId)]
    [InlineData("g", "a-1", 0, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "a-1", 2, null, ErrorCode.IllegalGeneration)]
    [InlineData("g", "a-1", 1, "other", ErrorCode.UnknownMemberId)]
    [InlineData("g", "a-1", 1, null, ErrorCode.None)]
    public void HeartbeatIsAnsweredAsKafkaDoes(
        string group, string member, int generation, string? instance, ErrorCode expected)
    {
        _shard.Alone("g");
        Assert.Equal(expected, _shard.Heartbeat(group, member, generation, instance));
    }
}
