using Millrace.Core.Groups;
using Millrace.Core.Groups.Classic;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>Classic groups become consumer groups and go back; members of both protocols are in one group.</summary>
public sealed class MigrationTests
{
    private Shard _shard = Consumers.Shard("t:2");

    [Fact]
    public void AHolderOfOffsetsBecomesAConsumerGroup()
    {
        _shard.Commit("g", 5);

        Assert.Equal("2: t0 t1", _shard.Enter("a"));

        Assert.Equal(5, _shard.Committed("g"));
        _shard.Crash();
        Assert.Equal("Stable 2 2", _shard.Summary());
        Assert.Equal(5, _shard.Committed("g"));
    }

    [Fact]
    public void AGroupInUseGoesOverMemberByMember()
    {
        var classic = Classic("t0");
        Assert.Equal("2: t1", _shard.Enter("b"));
        Assert.Equal("Reconciling 2 2", _shard.Summary());
        _shard.Crash();

        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", classic, 1));
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 7, classic, 1));
        var joined = _shard.Join("g", classic).Answer;
        Assert.Equal((2, "range", ""), (joined.GenerationId, joined.ProtocolName, joined.Leader));
        Assert.Equal(["t0"], Assigned(_shard.Sync("g", classic, 2).Answer));
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", classic, 2));
        Assert.Equal("Stable 2 2", _shard.Summary());

        Assert.Equal(ErrorCode.None, _shard.Leave("g", classic).Answer.Members[0].ErrorCode);
        Assert.Equal("3: t0 t1", _shard.Beat("b", 2, owned: "t1"));
    }

    [Fact]
    public void WhoIsLeftOfClassicMembersHasAClassicGroup()
    {
        var classic = Classic("t0");
        _shard.Enter("b");
        _shard.Join("g", classic);
        _shard.Sync("g", classic, 2);
        Assert.Equal("-1", _shard.Beat("b", -1));
        _shard.Wait(1);

        Assert.Equal("GroupIdNotFound", _shard.Summary());
        Assert.Equal("PreparingRebalance", _shard.State("g"));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Heartbeat("g", classic, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", classic, 2));
        var joined = _shard.Join("g", classic).Answer;
        Assert.Equal((3, classic), (joined.GenerationId, joined.Leader));
    }

    [Fact]
    public void ASilentMemberOfTheNewProtocolLeavesAClassicGroupToo()
    {
        var classic = Classic("t0");
        _shard.Enter("b");
        _shard.Join("g", classic);
        _shard.Sync("g", classic, 2);
        _shard.Wait(25_000);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", classic, 2));
        _shard.Wait(20_001);

        Assert.Equal("PreparingRebalance", _shard.State("g"));
        _shard.Crash();
        Assert.Equal("Stable", _shard.State("g"));
    }

    [Fact]
    public void AnEmptyConsumerGroupBecomesClassic()
    {
        _shard.Enter("a");
        _shard.Commit("g", 5, "a", 2, version: 9);
        _shard.Beat("a", -1);

        var member = _shard.Alone("g");

        Assert.Equal("Stable", _shard.State("g"));
        Assert.Equal(5, _shard.Committed("g"));
        _shard.Crash();
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", member, 1));
    }

    [Fact]
    public void ClassicMembersThatWaitAreSentToRejoin()
    {
        var classic = Classic("t0");
        var waiting = _shard.Join("g", _shard.Join("g", client: "b").Answer.MemberId, client: "b");
        Assert.True(waiting.Waits);

        _shard.Enter("c");

        Assert.Equal(ErrorCode.RebalanceInProgress, waiting.Answer.ErrorCode);
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", classic, 1));
    }

    [Theory]
    [InlineData("connect", true)]
    [InlineData("consumer", false)]
    public void OtherGroupsAreNotUpgraded(string type, bool mayUpgrade)
    {
        _shard = new Shard(new GroupSettings { InitialRebalanceDelayMs = 0, MayUpgrade = mayUpgrade });
        _shard.Publish(Consumers.Image("t:2"));
        var member = _shard.Join("g", type: type, version: 3).Answer.MemberId;

        Assert.Equal("GroupIdNotFound", _shard.Enter("a"));

        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", member, 1));
    }

    [Theory]
    [InlineData("", "range", "consumer", ErrorCode.MemberIdRequired)]
    [InlineData("x", "range", "consumer", ErrorCode.None)]
    [InlineData("x", "roundrobin", "consumer", ErrorCode.InconsistentGroupProtocol)]
    [InlineData("x", "range", "connect", ErrorCode.InconsistentGroupProtocol)]
    public void ClassicMembersJoinWithAProtocolOfAll(string member, string protocol, string type, ErrorCode expected)
    {
        Classic("t0");
        _shard.Enter("b");

        Assert.Equal(expected, _shard.Join("g", member, protocol, type: type).Answer.ErrorCode);
    }

    [Fact]
    public void AMemberOfTheNewProtocolHasNoGeneration()
    {
        _shard.Enter("a");

        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("g", "a", 2));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Sync("g", "a", 2).Answer.ErrorCode);
        Assert.Equal(ErrorCode.None, _shard.Leave("g", "a").Answer.Members[0].ErrorCode);
    }

    [Fact]
    public void AClassicMemberThatDoesNotSyncIsGone()
    {
        var classic = Classic("t0");
        _shard.Enter("b");
        _shard.Join("g", classic, rebalanceMs: 10_000);
        _shard.Wait(10_000);

        Assert.Equal(["b"], _shard.Describe().Members.Select(member => member.MemberId));
    }

    /// <summary>A sole classic member with these partitions, in generation 1.</summary>
    private string Classic(string partitions)
    {
        var member = _shard.Join("g").Answer.MemberId;
        _shard.Join("g", member);
        var assignment = ConsumerProtocol.WriteAssignment(
            1, Consumers.Partitions(partitions).Select(partition => ("t", partition.Partition)));
        _shard.Sync("g", member, 1, new SyncGroupRequest.MemberAssignment
        {
            MemberId = member, Assignment = assignment,
        });
        return member;
    }

    private static IEnumerable<string> Assigned(SyncGroupResponse synced) =>
        ConsumerProtocol.ReadAssignment(synced.Assignment.ToArray())!
            .Select(partition => $"{partition.Topic}{partition.Partition}");
}
