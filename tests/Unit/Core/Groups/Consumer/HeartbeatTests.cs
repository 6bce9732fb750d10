using Millrace.Core.Groups;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>Members of consumer groups join, keep up and leave; the answers are those of Kafka 4.4.</summary>
public sealed class HeartbeatTests
{
    private readonly Shard _shard = Consumers.Shard("t:2", "u:1");

    [Fact]
    public void TheFirstMemberGetsAllAtEpoch2()
    {
        Assert.Equal("2: t0 t1", _shard.Enter("a"));

        Assert.Equal("2", _shard.Beat("a", 2));
        Assert.Equal("2", _shard.Beat("a", 2, owned: "t0 t1"));
        Assert.Equal("Stable 2 2", _shard.Summary());
    }

    [Theory]
    [InlineData("", "1:")]
    [InlineData("none", "2:")]
    [InlineData("t,t", "2: t0 t1")]
    [InlineData("u,t", "2: t0 t1 u0")]
    public void TheEpochOfTheFirstIsThatOfItsTopics(string topics, string expected) =>
        Assert.Equal(expected, _shard.Enter("a", topics));

    [Fact]
    public void APartitionIsGivenUpBeforeAnotherGetsIt()
    {
        _shard.Enter("a");
        Assert.Equal("3:", _shard.Enter("b"));
        Assert.Equal("2: t0", _shard.Beat("a", 2, owned: "t0 t1"));
        Assert.Equal("3", _shard.Beat("b", 3, owned: ""));
        Assert.Equal("2", _shard.Beat("a", 2, owned: "t0 t1"));
        Assert.Equal("Reconciling 3 3", _shard.Summary());

        Assert.Equal("3", _shard.Beat("a", 2, owned: "t0"));

        Assert.Equal("3: t1", _shard.Beat("b", 3, owned: ""));
        Assert.Equal("Stable 3 3", _shard.Summary());
    }

    [Fact]
    public void WhoLeavesMakesRoom()
    {
        _shard.Enter("a");
        _shard.Enter("b");
        Assert.Equal("-1", _shard.Beat("b", -1));
        Assert.Equal("Assigning 4 3", _shard.Summary());

        Assert.Equal("4", _shard.Beat("a", 2, owned: "t0 t1"));

        Assert.Equal("-1", _shard.Beat("a", -1));
        Assert.Equal("Empty 5 5", _shard.Summary());
        Assert.Equal("UnknownMemberId", _shard.Beat("a", -1));
        Assert.Equal("UnknownMemberId", _shard.Beat("a", 4));
    }

    [Fact]
    public void AChangedSubscriptionBeginsAnEpoch()
    {
        _shard.Enter("a");

        Assert.Equal("3: t0 t1 u0", _shard.Beat("a", 2, "t,u"));
        Assert.Equal("3: u0", _shard.Beat("a", 3, "u"));
        Assert.Equal("4", _shard.Beat("a", 3, owned: "u0"));
    }

    [Theory]
    [InlineData(1, null, "FencedMemberEpoch")]
    [InlineData(9, null, "FencedMemberEpoch")]
    [InlineData(2, null, "FencedMemberEpoch")]
    [InlineData(2, "t0 t1 u0", "3")]
    [InlineData(2, "t0", "3")]
    [InlineData(2, "v0", "FencedMemberEpoch")]
    public void WhoMissedOneAnswerGoesOn(int epoch, string? owned, string expected)
    {
        _shard.Enter("a");
        _shard.Beat("a", 2, "t,u");

        Assert.Equal(expected, _shard.Beat("a", epoch, owned: owned));
    }

    [Fact]
    public void WhoJoinsAgainIsToldAll()
    {
        _shard.Enter("a");
        _shard.Beat("a", 2, "t,u");

        Assert.Equal("3: t0 t1 u0", _shard.Enter("a", "t,u"));
        Assert.Equal("4: u0", _shard.Enter("a", "u"));
    }

    [Theory]
    [InlineData("none", -1)]
    [InlineData("none", 1)]
    public void AGroupThatIsNotThereHasNoMembers(string group, int epoch) =>
        Assert.Equal("GroupIdNotFound", _shard.Beat("a", epoch, group: group));

    [Fact]
    public void RefusedRequestsBeginNoGroup()
    {
        Assert.Equal("InvalidRequest", _shard.Beat("a", 0, "t", ""));
        Assert.Equal("InvalidRequest", _shard.Beat("a", 0, "t", "t0", rebalanceMs: 1));
        Assert.Equal("InvalidRequest", _shard.Beat("a", 0, null, "", rebalanceMs: 1));
        Assert.Equal("InvalidRequest", _shard.Beat("a", -3));
        Assert.Equal("InvalidRequest", _shard.Beat("a", -2));
        Assert.Equal("InvalidRequest", _shard.Enter("a", instance: ""));
        Assert.Equal("InvalidRequest", _shard.Enter(" "));
        Assert.Equal("InvalidRequest", _shard.Enter("a", group: " "));
        Assert.Equal("UnsupportedAssignor", _shard.Enter("a", assignor: "sticky"));
        Assert.Equal("InvalidRegularExpression", _shard.Enter("a", regex: "("));

        Assert.Equal(0, _shard.Coordinator.GroupCount);
        Assert.Empty(_shard.Log);
    }

    [Fact]
    public void AStaticMemberThatIsAwayIsReplaced()
    {
        Assert.Equal("2: t0 t1", _shard.Enter("a", instance: "i"));
        Assert.Equal("UnreleasedInstanceId", _shard.Enter("b", instance: "i"));
        Assert.Equal("UnknownMemberId", _shard.Beat("a", 2, instance: "x"));
        Assert.Equal("-2", _shard.Beat("a", -2, instance: "i"));
        Assert.Equal("Reconciling 2 2", _shard.Summary());

        Assert.Equal("2: t0 t1", _shard.Enter("b", instance: "i"));

        Assert.Equal("FencedInstanceId", _shard.Beat("a", 2, instance: "i"));
        Assert.Equal("FencedInstanceId", _shard.Beat("a", -1, instance: "i"));
        Assert.Equal("Stable 2 2", _shard.Summary());
        Assert.Equal("-2", _shard.Beat("b", -2, instance: "i"));
        Assert.Equal("2: t0 t1", _shard.Enter("b", instance: "i"));
        _shard.Crash();
        Assert.Equal("2", _shard.Beat("b", 2, instance: "i"));
    }

    [Fact]
    public void WhoIsNotHeardIsGone()
    {
        _shard.Enter("a");
        _shard.Enter("b", instance: "i");
        _shard.Wait(44_000);
        _shard.Beat("a", 2, owned: "t0");
        _shard.Beat("b", -2, instance: "i");
        Assert.Equal(2, _shard.Describe().Members.Count);
        _shard.Wait(1_000);
        Assert.Equal("a", Assert.Single(_shard.Describe().Members).MemberId);
        _shard.Wait(43_999);
        Assert.Single(_shard.Describe().Members);
        _shard.Wait(1);

        Assert.Equal("Empty 5 5", _shard.Summary());
    }

    [Fact]
    public void WhoDoesNotGiveUpInTimeIsGone()
    {
        _shard.Enter("a", rebalanceMs: 20_000);
        _shard.Enter("b");
        Assert.Equal("2: t0", _shard.Beat("a", 2, owned: "t0 t1"));
        _shard.Wait(15_000);
        Assert.Equal("2", _shard.Beat("a", 2, owned: "t0 t1"));
        _shard.Wait(5_000);

        Assert.Equal("UnknownMemberId", _shard.Beat("a", 2, owned: "t0"));
        Assert.Equal("4: t0 t1", _shard.Beat("b", 3, owned: ""));
    }

    [Fact]
    public void AnAssignmentIsMadeOnceInAnInterval()
    {
        _shard.Publish(Consumers.Image("t:2"));
        _shard.Enter("a");
        Assert.Equal("2:", _shard.Enter("b"));
        Assert.Equal("Assigning 3 2", _shard.Summary());
        _shard.Wait(999);
        Assert.Equal("2", _shard.Beat("a", 2, owned: "t0 t1"));
        _shard.Wait(1);

        Assert.Equal("2: t0", _shard.Beat("a", 2, owned: "t0 t1"));
        Assert.Equal("3", _shard.Beat("b", 2, owned: ""));
    }

    [Fact]
    public void NewPartitionsBeginAnEpoch()
    {
        _shard.Enter("a");
        _shard.Publish(Consumers.Image("t:3").With("g", "consumer.assignment.interval.ms", "0"));

        Assert.Equal("3: t0 t1 t2", _shard.Beat("a", 2));

        _shard.Publish(Consumers.Image("u:1").With("g", "consumer.assignment.interval.ms", "0"));
        Assert.Equal("3:", _shard.Beat("a", 3));
        Assert.Equal("4", _shard.Beat("a", 3, owned: ""));
    }

    [Fact]
    public void ALaterCrashKeepsWhatWasTold()
    {
        _shard.Enter("a");
        _shard.Enter("b");
        _shard.Beat("a", 2, owned: "t0 t1");
        _shard.Crash();
        Assert.Equal("2", _shard.Beat("a", 2, owned: "t0 t1"));
        Assert.Equal("3", _shard.Beat("a", 2, owned: "t0"));
        _shard.Crash();
        Assert.Equal("3: t1", _shard.Beat("b", 3, owned: ""));
        _shard.Crash();
        Assert.Equal("Stable 3 3", _shard.Summary());
    }

    [Fact]
    public void WhatIsNotStoredIsNotTold()
    {
        _shard.HoldsCommits = true;
        var join = _shard.TryBeat("a", 0, "t", "", rebalanceMs: 1);
        Assert.True(join.Waits);
        _shard.Crash();

        Assert.Equal(0, _shard.Coordinator.GroupCount);
        _shard.HoldsCommits = false;
        _shard.NextAppend = ErrorCode.NotEnoughReplicas;
        Assert.Equal("CoordinatorNotAvailable", _shard.Enter("a"));
        Assert.Equal(0, _shard.Coordinator.GroupCount);
    }

    [Fact]
    public void AFullGroupTakesNoMore()
    {
        var shard = new Shard(new GroupSettings { ConsumerMaxSize = 1 });
        shard.Publish(Consumers.Image("t:2"));
        shard.Enter("a");

        Assert.Equal("GroupMaxSizeReached", shard.Enter("b"));
        Assert.Equal("2: t0 t1", shard.Enter("a"));
    }

    [Theory]
    [InlineData("a", 3, 9, 1, ErrorCode.None)]
    [InlineData("a", 2, 9, 0, ErrorCode.None)]
    [InlineData("a", 2, 9, 1, ErrorCode.None)]
    [InlineData("a", 1, 9, 0, ErrorCode.StaleMemberEpoch)]
    [InlineData("a", 4, 9, 0, ErrorCode.StaleMemberEpoch)]
    [InlineData("a", -1, 9, 0, ErrorCode.StaleMemberEpoch)]
    [InlineData("b", 3, 9, 0, ErrorCode.UnknownMemberId)]
    [InlineData("a", 3, 8, 0, ErrorCode.UnsupportedVersion)]
    public void AnEpochCommitsWhatWasAssignedAtIt(
        string member, int epoch, short version, int partition, ErrorCode expected)
    {
        _shard.Enter("a");
        _shard.Beat("a", 2, "t,u");

        Assert.Equal(expected, _shard.Commit(
            "g", 5, member, epoch, partition: partition, version: version, topicId: Consumers.IdOf("t")));
        if (expected == ErrorCode.None && epoch == 2)
            Assert.Equal(ErrorCode.StaleMemberEpoch, _shard.Commit(
                "g", 5, member, epoch, topic: "u", version: version, topicId: Consumers.IdOf("u")));
    }
}
