using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups;

public sealed class LeaveTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData(0, "none", ErrorCode.UnknownMemberId)]
    [InlineData(2, "g", ErrorCode.UnknownMemberId)]
    [InlineData(2, "", ErrorCode.InvalidGroupId)]
    [InlineData(3, "none", ErrorCode.None)]
    [InlineData(5, "g", ErrorCode.None)]
    [InlineData(5, "", ErrorCode.InvalidGroupId)]
    public void ErrorStandsWhereTheVersionHasIt(short version, string group, ErrorCode expected)
    {
        _shard.Alone("g");
        var answer = _shard.Leave(version, group, "m-1").Answer;
        Assert.Equal(expected, answer.ErrorCode);
        if (expected == ErrorCode.None)
            Assert.Equal(ErrorCode.UnknownMemberId, answer.Members.Single().ErrorCode);
        else
            Assert.Empty(answer.Members);
    }

    [Fact]
    public void SameMemberTwiceIsUnknownTheSecondTime()
    {
        var member = _shard.Alone("g");
        var answer = _shard.Leave("g", member, member).Answer;
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId], answer.Members.Select(one => one.ErrorCode));
        Assert.Equal("Empty", _shard.State("g"));
    }

    [Fact]
    public void LastMemberLeavesAnEmptyGenerationThatIsStored()
    {
        var member = _shard.Alone("g");
        _shard.HoldsCommits = true;
        var leave = _shard.Leave(2, "g", member);
        Assert.True(leave.Waits);
        _shard.Flush();
        Assert.Equal(ErrorCode.None, leave.Answer.ErrorCode);
        _shard.Crash();
        Assert.Equal("Empty", _shard.State("g"));
        Assert.Equal("consumer", _shard.Coordinator.Describe("g", 5).ProtocolType);
        _shard.HoldsCommits = false;
        Assert.Equal(3, _shard.Join("g", version: 3).Answer.GenerationId);
    }

    [Fact]
    public void LeaderThatLeavesIsSucceededByTheNext()
    {
        var (leader, follower) = _shard.Pair("g");
        _shard.Leave("g", leader);
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", follower, 2));
        var answer = _shard.Join("g", follower).Answer;
        Assert.Equal((3, follower), (answer.GenerationId, answer.Leader));
    }

    [Fact]
    public void PendingMemberThatLeavesDisturbsNobody()
    {
        var member = _shard.Alone("g");
        var pending = _shard.Join("g", client: "b").Answer.MemberId;
        _shard.Leave("g", pending);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", member, 1));
        Assert.Equal("Stable", _shard.State("g"));
    }

    [Fact]
    public void MemberThatLeavesGetsItsWaitingJoinBack()
    {
        var (leader, follower) = _shard.Pair("g");
        var join = _shard.Join("g", leader);
        _shard.Leave("g", leader);
        Assert.Equal(ErrorCode.UnknownMemberId, join.Answer.ErrorCode);
        Assert.Equal(3, _shard.Join("g", follower).Answer.GenerationId);
    }
}
