using Millrace.Core.Groups;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Groups;

public sealed class TimeTests
{
    private readonly Shard _shard = new();

    [Fact]
    public void SessionLivesOnHeartbeatsAndCommits()
    {
        var member = _shard.Alone("g");
        for (var i = 0; i < 5; i++)
        {
            _shard.Wait(29_000);
            Assert.Equal(ErrorCode.None, i % 2 == 0
                ? _shard.Heartbeat("g", member, 1)
                : _shard.Commit("g", i, member, 1));
        }

        _shard.Wait(29_999);
        Assert.Equal("Stable", _shard.State("g"));
        _shard.Wait(1);
        Assert.Equal("Empty", _shard.State("g"));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("g", member, 1));
    }

    [Fact]
    public void PendingIdEndsWithItsSession()
    {
        var member = _shard.Join("g").Answer.MemberId;
        _shard.Wait(30_000);
        Assert.Equal(0, _shard.Coordinator.GroupCount);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Join("g", member).Answer.ErrorCode);
    }

    [Fact]
    public void PendingIdThatEndsDisturbsNobody()
    {
        var member = _shard.Alone("g");
        _shard.Join("g", client: "b", sessionMs: 6_000);
        _shard.Wait(6_000);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", member, 1));
    }

    [Fact]
    public void PendingIdThatEndsCompletesTheRebalance()
    {
        var (leader, follower) = _shard.Pair("g");
        _shard.Join("g", client: "c", sessionMs: 6_000);
        var join = _shard.Join("g", leader);
        _shard.Join("g", follower);
        Assert.True(join.Waits);
        _shard.Wait(6_000);
        Assert.Equal(3, join.Answer.GenerationId);
    }

    [Fact]
    public void RebalanceDropsWhoDoesNotRejoinInTime()
    {
        var (leader, follower) = _shard.Pair("g");
        var join = _shard.Join("g", leader);
        for (var i = 0; i < 3; i++)
        {
            _shard.Wait(19_999);
            Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat("g", follower, 2));
        }

        Assert.True(join.Waits);
        _shard.Wait(3);
        Assert.Equal(leader, join.Answer.Members.Single().MemberId);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("g", follower, 2));
    }

    [Fact]
    public void MemberThatOwesItsSyncIsRemoved()
    {
        var (leader, follower) = _shard.Pair("g");
        var join = _shard.Join("g", leader);
        _shard.Join("g", follower);
        Assert.Equal(3, join.Answer.GenerationId);
        var sync = _shard.Sync("g", follower, 3);
        for (var i = 0; i < 3; i++)
        {
            _shard.Wait(20_000);
            _shard.Heartbeat("g", leader, 3);
        }

        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Answer.ErrorCode);
        _shard.Wait(29_000);
        Assert.Equal(follower, _shard.Coordinator.Describe("g", 5).Members.Single().MemberId);
        Assert.Equal(4, _shard.Join("g", follower).Answer.GenerationId);
    }

    [Fact]
    public void OldClientThatNeverSpeaksAgainIsRemoved()
    {
        var (_, follower) = _shard.Pair("g");
        var lost = _shard.Join("g", version: 3, client: "c", rebalanceMs: 1_000_000, sessionMs: 6_000);
        for (var i = 0; i < 12; i++)
        {
            Assert.True(lost.Waits);
            _shard.Wait(25_000);
            _shard.Heartbeat("g", follower, 2);
        }

        Assert.Equal(ErrorCode.UnknownMemberId, lost.Answer.ErrorCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void RebalanceTimeoutMayBeNothing(int rebalanceMs)
    {
        var first = _shard.Join("g", version: 3, rebalanceMs: rebalanceMs).Answer.MemberId;
        _shard.Sync("g", first, 1, $"{first}=all");
        var second = _shard.Join("g", version: 3, client: "b", rebalanceMs: rebalanceMs);
        _shard.Wait(1);
        Assert.Equal(second.Answer.MemberId, second.Answer.Leader);
    }

    [Fact]
    public void EmptyGroupWaitsForMoreMembers()
    {
        var shard = new Shard(new GroupSettings { InitialRebalanceDelayMs = 3_000 });
        var first = shard.Join("g", version: 3, rebalanceMs: 10_000);
        shard.Wait(2_000);
        var second = shard.Join("g", version: 3, client: "b", rebalanceMs: 10_000);
        shard.Wait(1_000);
        Assert.True(first.Waits);
        shard.Wait(3_000);
        Assert.Equal([first.Answer.MemberId, second.Answer.MemberId], first.Answer.Members.Select(one => one.MemberId));
    }

    [Fact]
    public void GatheringEndsAtTheRebalanceTimeout()
    {
        var shard = new Shard(new GroupSettings { InitialRebalanceDelayMs = 3_000 });
        var first = shard.Join("g", version: 3, rebalanceMs: 10_000);
        for (var i = 0; i < 9; i++)
        {
            shard.Wait(1_000);
            shard.Join("g", version: 3, rebalanceMs: 10_000);
        }

        Assert.True(first.Waits);
        shard.Wait(1_000);
        Assert.Equal(10, first.Answer.Members.Count);
    }

    [Fact]
    public void ReloadedMembersGetAFullSession()
    {
        var (leader, follower) = _shard.Pair("g");
        _shard.Wait(29_000);
        _shard.Crash();
        _shard.Wait(29_000);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat("g", leader, 2));
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 5, leader, 2));
        Assert.Equal("right", Shard.Text(_shard.Sync("g", follower, 2).Answer.Assignment));
        Assert.Equal(leader, _shard.Join("g", follower).Answer.Leader);
    }

    [Fact]
    public void WhatExpiresAtOnceIsBoundedInBytes()
    {
        var shard = new Shard(new GroupSettings { OffsetsRetentionMs = 1_000 });
        var group = new string('g', 30_000);
        for (var partition = 0; partition < 100; partition++)
            shard.Commit(group, 1, partition: partition);
        shard.Wait(500_000);
        var largest = 0;
        for (var calls = 0; calls < 10; calls++)
        {
            shard.Run(effects =>
            {
                shard.Coordinator.Expire(shard.Now + 200_000, effects);
                largest = Math.Max(largest, effects.RecordBytes);
            });
        }

        Assert.InRange(largest, 500_000, 600_000);
        Assert.Equal(0, shard.Coordinator.GroupCount);
    }
}
