using Millrace.Core.Groups;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups;

public sealed class JoinTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData("", "", 30_000, "range", "consumer", ErrorCode.InvalidGroupId)]
    [InlineData("g", "", 5_999, "range", "consumer", ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "", 6_000, "range", "consumer", ErrorCode.None)]
    [InlineData("g", "", 1_800_000, "range", "consumer", ErrorCode.None)]
    [InlineData("g", "", 1_800_001, "range", "consumer", ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "", 30_000, "", "consumer", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("g", "", 30_000, "range", "", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("g", "", 30_000, "range,range", "consumer", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("g", "m-unknown", 30_000, "range", "consumer", ErrorCode.UnknownMemberId)]
    [InlineData("full", "m-unknown", 30_000, "range", "consumer", ErrorCode.UnknownMemberId)]
    [InlineData("full", "", 30_000, "range", "connect", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("full", "", 30_000, "sticky", "consumer", ErrorCode.InconsistentGroupProtocol)]
    public void IsAnsweredAsKafkaDoes(
        string group, string member, int sessionMs, string protocols, string type, ErrorCode expected)
    {
        _shard.Alone("full");
        var answer = _shard.Join(group, member, protocols, version: 3, type: type, sessionMs: sessionMs).Answer;
        Assert.Equal(expected, answer.ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? 1 : -1, answer.GenerationId);
        Assert.Equal(expected == ErrorCode.None ? "a-2" : member, answer.MemberId);
    }

    [Theory]
    [InlineData(0, ErrorCode.None, "range")]
    [InlineData(3, ErrorCode.None, "range")]
    [InlineData(4, ErrorCode.MemberIdRequired, "")]
    [InlineData(6, ErrorCode.MemberIdRequired, "")]
    [InlineData(7, ErrorCode.MemberIdRequired, null)]
    [InlineData(9, ErrorCode.MemberIdRequired, null)]
    public void NeedsAnIdFromVersion4(short version, ErrorCode expected, string? protocol)
    {
        var answer = _shard.Join("g", version: version).Answer;
        Assert.Equal((expected, "a-1", protocol), (answer.ErrorCode, answer.MemberId, answer.ProtocolName));
    }

    [Fact]
    public void PendingMemberIsNoMember()
    {
        var member = _shard.Join("g").Answer.MemberId;
        Assert.Equal("Empty", _shard.State("g"));
        Assert.Empty(_shard.Coordinator.Describe("g", 5).Members);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("g", member, 0));
        Assert.Equal(ErrorCode.None, _shard.Leave("g", member).Answer.Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Join("g", member).Answer.ErrorCode);
    }

    [Fact]
    public void LeaderSeesTheMembersAndWhatTheySay()
    {
        var (leader, follower) = _shard.Pair("g");
        var answer = _shard.Join("g", follower).Answer;
        Assert.Equal((2, leader, "range", "consumer"),
            (answer.GenerationId, answer.Leader, answer.ProtocolName, answer.ProtocolType));
        Assert.Empty(answer.Members);

        var again = _shard.Join("g", leader);
        Assert.True(again.Waits);
        _shard.Join("g", follower);
        Assert.Equal([leader, follower], again.Answer.Members.Select(member => member.MemberId));
        Assert.All(again.Answer.Members, member => Assert.Equal((byte)'t', member.Metadata.Span[8]));
    }

    [Fact]
    public void FollowerWithAnotherSubscriptionRebalances()
    {
        var (leader, follower) = _shard.Pair("g");
        Assert.True(_shard.Join("g", follower, "range:other").Waits);
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", leader, 2));
    }

    [Fact]
    public void RepeatedJoinAnswersTheEarlierOne()
    {
        var (_, follower) = _shard.Pair("g");
        var earlier = _shard.Join("g", follower, "range:other");
        var later = _shard.Join("g", follower, "range:other");
        Assert.Equal(ErrorCode.RebalanceInProgress, earlier.Answer.ErrorCode);
        Assert.True(later.Waits);
    }

    [Theory]
    [InlineData("range,roundrobin", "roundrobin,range", "roundrobin,range", "roundrobin")]
    [InlineData("range,roundrobin", "range,roundrobin", "roundrobin,range", "range")]
    [InlineData("range,roundrobin", "roundrobin", "roundrobin", "roundrobin")]
    [InlineData("sticky,range", "range", "range,sticky", "range")]
    [InlineData("range,roundrobin", "roundrobin,range", "roundrobin,sticky", "roundrobin")]
    public void MembersVoteForTheirFirstCommonProtocol(string one, string two, string three, string expected)
    {
        var first = _shard.Join("g", protocols: one, version: 0).Answer.MemberId;
        var second = _shard.Join("g", protocols: two, version: 0);
        var third = _shard.Join("g", protocols: three, version: 0);
        Assert.Equal(expected, _shard.Join("g", first, one, version: 0).Answer.ProtocolName);
        Assert.Equal((expected, expected), (second.Answer.ProtocolName, third.Answer.ProtocolName));
    }

    [Fact]
    public void GroupGrowsToItsMaxSize()
    {
        var shard = new Shard(new GroupSettings { InitialRebalanceDelayMs = 0, MaxSize = 2 });
        var (leader, _) = shard.Pair("g");
        var refused = shard.Join("g").Answer;
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (refused.ErrorCode, refused.MemberId));
        Assert.Equal(ErrorCode.None, shard.Heartbeat("g", leader, 2));
    }

    [Fact]
    public void LongClientIdMakesAnIdThatCanBeWritten() =>
        Assert.True(_shard.Join("g", client: new string('é', 16_000)).Answer.MemberId.Length < 1_000);
}
