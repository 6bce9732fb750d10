using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups;

public sealed class StaticMemberTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData("one")]
    [InlineData("")]
    [InlineData("a b")]
    public void JoinsAtOnce(string instance)
    {
        var answer = _shard.Join("g", instance: instance, version: 9).Answer;
        Assert.Equal((ErrorCode.None, 1, $"{instance}-1"), (answer.ErrorCode, answer.GenerationId, answer.MemberId));
        Assert.Equal(instance, answer.Members[0].GroupInstanceId);
    }

    [Theory]
    [InlineData(5, "one-1", false, 0)]
    [InlineData(8, "one-1", false, 0)]
    [InlineData(9, "one-2", true, 1)]
    public void ComesBackInTheSameGeneration(short version, string leader, bool skips, int members)
    {
        Stable();
        var answer = _shard.Join("g", instance: "one", version: version, protocols: "range:other").Answer;
        Assert.Equal((ErrorCode.None, 1, "one-2", leader, skips, members),
            (answer.ErrorCode, answer.GenerationId, answer.MemberId, answer.Leader, answer.SkipAssignment,
                answer.Members.Count));
        Assert.Equal("all", Shard.Text(_shard.Sync("g", "one-2", 1, instance: "one").Answer.Assignment));
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 3, "one-2", 1, instance: "one"));
        Assert.Equal("one-2", _shard.Coordinator.Describe("g", 5).Members.Single().MemberId);
    }

    [Fact]
    public void OldIdIsFenced()
    {
        Stable();
        _shard.Join("g", instance: "one");
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Heartbeat("g", "one-1", 1, "one"));
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Sync("g", "one-1", 1, instance: "one").Answer.ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Commit("g", 3, "one-1", 1, instance: "one"));
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Join("g", "one-1", instance: "one").Answer.ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Leave("g", "one-1/one").Answer.Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("g", "one-1", 1));
    }

    [Fact]
    public void ReplacementIsAnsweredWhenCommittedAndSurvivesACrash()
    {
        Stable();
        _shard.HoldsCommits = true;
        var join = _shard.Join("g", instance: "one");
        Assert.True(join.Waits);
        _shard.Flush();
        _shard.Crash();
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", join.Answer.MemberId, 1, "one"));
    }

    [Fact]
    public void AnotherProtocolRebalances()
    {
        var first = _shard.Join("g", instance: "one", protocols: "range,roundrobin").Answer.MemberId;
        _shard.Sync("g", first, 1, $"{first}=all");
        var answer = _shard.Join("g", instance: "one", protocols: "roundrobin,range").Answer;
        Assert.Equal((2, "roundrobin", "one-2"), (answer.GenerationId, answer.ProtocolName, answer.Leader));
    }

    [Fact]
    public void ReplacementDuringARebalanceFencesTheWaitingJoin()
    {
        Stable();
        var other = _shard.Join("g", instance: "two");
        var repeated = _shard.Join("g", instance: "two");
        Assert.Equal(ErrorCode.FencedInstanceId, other.Answer.ErrorCode);
        Assert.True(repeated.Waits);
        _shard.Join("g", "one-1", instance: "one");
        Assert.Equal((2, "one-1"), (repeated.Answer.GenerationId, repeated.Answer.Leader));
    }

    [Fact]
    public void ReplacementBeforeTheAssignmentBeginsAgain()
    {
        Stable();
        var two = _shard.Join("g", instance: "two");
        _shard.Join("g", "one-1", instance: "one");
        var sync = _shard.Sync("g", two.Answer.MemberId, 2, instance: "two");
        Assert.True(_shard.Join("g", instance: "two").Waits);
        Assert.Equal(ErrorCode.FencedInstanceId, sync.Answer.ErrorCode);
        Assert.Equal("PreparingRebalance", _shard.State("g"));
    }

    [Fact]
    public void LateStaticMemberKeepsItsPlaceUntilItsSessionEnds()
    {
        Stable();
        _shard.Join("g", instance: "two", rebalanceMs: 10_000, sessionMs: 50_000);
        _shard.Wait(10_000);
        Assert.Equal("PreparingRebalance", _shard.State("g"));
        Assert.Equal(2, _shard.Coordinator.Describe("g", 5).Members.Count);
        _shard.Wait(20_000);
        Assert.Equal("two-2", _shard.Coordinator.Describe("g", 5).Members.Single().MemberId);
    }

    [Theory]
    [InlineData("/one", ErrorCode.None)]
    [InlineData("/none", ErrorCode.UnknownMemberId)]
    [InlineData("one-1/one", ErrorCode.None)]
    [InlineData("one-1", ErrorCode.None)]
    [InlineData("one-9/one", ErrorCode.FencedInstanceId)]
    [InlineData("", ErrorCode.UnknownMemberId)]
    public void LeavesByEitherId(string who, ErrorCode expected)
    {
        Stable();
        Assert.Equal(expected, _shard.Leave("g", who).Answer.Members[0].ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? "Empty" : "Stable", _shard.State("g"));
    }

    private void Stable()
    {
        var member = _shard.Join("g", instance: "one").Answer.MemberId;
        _shard.Sync("g", member, 1, $"{member}=all", "one");
    }
}
