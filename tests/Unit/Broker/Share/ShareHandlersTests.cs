using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Shared.Simulated;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Share;

/// <summary>ShareFetch and ShareAcknowledge as members see them.</summary>
public sealed class ShareHandlersTests
{
    private const sbyte Accept = 1;
    private const sbyte Release = 2;

    private readonly ShareBroker _broker = new();

    [Fact]
    public void RecordsAreAcquiredAndAcknowledged()
    {
        _broker.Append("a", "b");
        _broker.Append("c");

        Assert.Equal("0-2x1", _broker.Fetch("m", 0));
        Assert.Equal("", _broker.Fetch("m", 1));
        Assert.Equal("None", _broker.Acknowledge("m", 2, 0, 1, Accept));
        Assert.Equal("", _broker.Fetch("n", 0));
        Assert.Equal("InvalidRecordState", _broker.Acknowledge("n", 1, 2, 2, Accept));
        Assert.Equal("None", _broker.Acknowledge("m", 3, 2, 2, Release));
        Assert.Equal("2-2x2", _broker.Fetch("m", 4));
    }

    /// <summary>Only the batches with acquired records are given.</summary>
    [Fact]
    public void OnlyWhatIsAcquiredIsGiven()
    {
        _broker.Append("a", "b");
        _broker.Append("c");
        _broker.Append("d");
        Assert.Equal("0-3x1", _broker.Fetch("m", 0));
        _broker.Acknowledge("m", 1, 2, 2, Release);

        var answer = _broker.Ask<ShareFetchResponse>(ApiKey.ShareFetch, 2, _broker.FetchRequest("m", 2));

        Assert.Equal("2-2x2", ShareBroker.Text(answer));
        Assert.Equal(LogFixture.Batch(["c"]).Length, answer.Responses[0].Partitions[0].Records.Length);
    }

    [Fact]
    public void AnAcknowledgementIsAnsweredWhenItIsOnStableStorage()
    {
        _broker.Append("a");
        _broker.Fetch("m", 0);
        _broker.HoldsFlushes = true;

        var pending = _broker.SendAcknowledge("m", 1, 0, 0, Accept);
        Assert.False(_broker.Connection.IsAnswered(pending));
        _broker.HoldsFlushes = false;
        _broker.Settle();

        Assert.Equal(
            ErrorCode.None,
            _broker.Connection.Answer<ShareAcknowledgeResponse>(pending).Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public void WhatIsAcknowledgedStaysSoAfterAStart()
    {
        _broker.Append("a", "b", "c");
        _broker.Fetch("m", 0);
        _broker.Acknowledge("m", 1, 1, 1, Accept);

        _broker.Start();

        Assert.Equal("0-0x1 2-2x1", _broker.Fetch("m", 0));
    }

    [Fact]
    public void AFetchWaitsForRecords()
    {
        var pending = _broker.Send(ApiKey.ShareFetch, 2, _broker.FetchRequest("m", 0, maxWaitMs: 500));
        _broker.Loop.Advance(499);
        Assert.False(_broker.Connection.IsAnswered(pending));

        _broker.Append("a");

        Assert.Equal("0-0x1", ShareBroker.Text(_broker.Connection.Answer<ShareFetchResponse>(pending)));
        pending = _broker.Send(ApiKey.ShareFetch, 2, _broker.FetchRequest("m", 1, maxWaitMs: 500));
        _broker.Loop.Advance(500);
        Assert.Empty(_broker.Connection.Answer<ShareFetchResponse>(pending).Responses);
    }

    [Fact]
    public void AFetchWaitsForALockToEnd()
    {
        _broker.Append("a");
        Assert.Equal("0-0x1", _broker.Fetch("m", 0));
        var pending = _broker.Send(ApiKey.ShareFetch, 2, _broker.FetchRequest("n", 0, maxWaitMs: 60_000));
        _broker.Loop.Advance(29_999);
        Assert.False(_broker.Connection.IsAnswered(pending));

        _broker.Loop.Advance(1);

        Assert.Equal("0-0x2", ShareBroker.Text(_broker.Connection.Answer<ShareFetchResponse>(pending)));
    }

    [Fact]
    public void WhoseConnectionEndsGivesBackWhatItHas()
    {
        _broker.Append("a");
        var lost = new SimConnection(_broker.Loop);
        var answer = lost.Answer<ShareFetchResponse>(
            _broker.Send(ApiKey.ShareFetch, 2, _broker.FetchRequest("m", 0), lost));
        Assert.Equal("0-0x1", ShareBroker.Text(answer));
        var waiting = _broker.Send(ApiKey.ShareFetch, 2, _broker.FetchRequest("m", 1, maxWaitMs: 500), lost);

        lost.Close();
        _broker.Settle();

        Assert.Equal("0-0x2", _broker.Fetch("n", 0));
        _broker.Loop.Advance(500);
        Assert.Empty(lost.Answer<ShareFetchResponse>(waiting).Responses);
    }

    [Fact]
    public void AClosedSessionGivesBackWhatItHas()
    {
        _broker.Append("a");
        _broker.Fetch("m", 0);

        Assert.Equal("None", _broker.Acknowledge("m", -1, 0, 0));

        Assert.Equal("0-0x2", _broker.Fetch("n", 0));
    }

    [Fact]
    public void AfterAFailedWriteTheStateIsReadAnew()
    {
        _broker.Append("a", "b");
        _broker.Fetch("m", 0);
        _broker.Disk.FailWrites = true;
        Assert.NotEqual("None", _broker.Acknowledge("m", 1, 0, 0, Accept));

        _broker.Disk.FailWrites = false;
        _broker.Start();

        Assert.Equal("0-1x1", _broker.Fetch("m", 0));
    }

    [Fact]
    public void AGroupThatTheCoordinatorDoesNotKnowReadsNothing()
    {
        var request = _broker.FetchRequest("m", 0);
        request.GroupId = "other";

        Assert.Equal(
            "UnknownServerError",
            ShareBroker.Text(_broker.Ask<ShareFetchResponse>(ApiKey.ShareFetch, 2, request)));
    }

    [Fact]
    public void AStateThatIsBegunAnewIsReadAnew()
    {
        _broker.Append("a", "b");
        Assert.Equal("0-1x1", _broker.Fetch("m", 0));
        _broker.Initialize(stateEpoch: 3, startOffset: 1);

        Assert.Equal("UnknownTopicOrPartition", _broker.Acknowledge("m", 1, 0, 0, Accept));
        Assert.Equal("1-1x1", _broker.Fetch("m", 2));
    }
}
