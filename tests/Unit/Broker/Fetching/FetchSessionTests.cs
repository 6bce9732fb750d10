using Millrace.Broker.Fetching;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Fetching;

/// <summary>Fetch sessions as a client sees them (KIP-227).</summary>
public sealed class FetchSessionTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly SimConnection _connection;
    private readonly FetchHandler _fetch;

    public FetchSessionTests()
    {
        _connection = new SimConnection(_fixture.Loop);
        _fetch = new FetchHandler(
            _fixture.Topics, new BrokerSettings([]), new FetchSessions(10, new CountedIds()));
    }

    [Fact]
    public void AFullFetchTellsAllAndMakesASession()
    {
        var response = Answer(Fetch(0, 0, At(0)));

        Assert.NotEqual(0, response.SessionId);
        Assert.Single(response.Responses);
    }

    [Fact]
    public void WhatHasNoNewsIsNotTold()
    {
        var id = Open(At(0));

        Assert.Empty(Answer(Fetch(id, 1)).Responses);
    }

    [Fact]
    public void WhatIsUnreadComesAgainUntilTheOffsetMovesOn()
    {
        _fixture.Append();
        var id = Open(At(0));

        Assert.True(Told(Fetch(id, 1)).Records.Length > 0);
        Assert.Empty(Answer(Fetch(id, 2, At(1))).Responses);
    }

    [Fact]
    public void AnErrorIsToldEachTime()
    {
        var id = Open(At(7));

        Assert.Equal(ErrorCode.OffsetOutOfRange, Told(Fetch(id, 1)).ErrorCode);
        Assert.Equal(ErrorCode.OffsetOutOfRange, Told(Fetch(id, 2)).ErrorCode);
        Assert.Equal(ErrorCode.None, Told(Fetch(id, 3, At(0))).ErrorCode);
        Assert.Empty(Answer(Fetch(id, 4)).Responses);
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidFetchSessionEpoch)]
    [InlineData(1, ErrorCode.FetchSessionIdNotFound)]
    public void AWrongIdOrEpochLeavesTheSessionAsItWas(int idFurther, ErrorCode expected)
    {
        var id = Open(At(0));

        var refused = Answer(Fetch(id + idFurther, 2));

        Assert.Equal(expected, refused.ErrorCode);
        Assert.Equal(0, refused.SessionId);
        Assert.Equal(ErrorCode.None, Answer(Fetch(id, 1)).ErrorCode);
    }

    [Fact]
    public void ASessionDoesNotChangeBetweenNamesAndIds()
    {
        var id = Open(At(0));

        Assert.Equal(ErrorCode.FetchSessionTopicIdError, Answer(Fetch(id, 1, version: 13)).ErrorCode);
        Assert.Equal(ErrorCode.None, Answer(Fetch(id, 1)).ErrorCode);
    }

    [Fact]
    public void ATopicThatGoesIsNoUnknownId()
    {
        var gone = new FetchRequest.FetchTopic { TopicId = _fixture.Partition.TopicId, Partitions = [new()] };
        var never = new FetchRequest.FetchTopic { TopicId = new Uuid(9, 9), Partitions = [new()] };
        var opened = _connection.Send(_fetch, ApiKey.Fetch, 13, new FetchRequest
        {
            SessionEpoch = 0,
            Topics = [gone, never],
        });
        _fixture.Topics.Remove(_fixture.Topics.Find("orders")!);

        var response = Answer(Fetch(Answer(opened).SessionId, 1, version: 13));

        Assert.Equal(
            [ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicId],
            response.Responses.Select(topic => topic.Partitions[0].ErrorCode));
    }

    [Fact]
    public void ASessionWithoutPartitionsEnds()
    {
        var id = Open(At(0));
        var response = _connection.Send(_fetch, ApiKey.Fetch, 12, new FetchRequest
        {
            SessionId = id,
            SessionEpoch = 1,
            ForgottenTopicsData = [new() { Topic = "orders", Partitions = [0] }],
        });

        Assert.Equal(0, Answer(response).SessionId);
        Assert.Equal(ErrorCode.None, Answer(response).ErrorCode);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Answer(Fetch(id, 2)).ErrorCode);
    }

    [Fact]
    public void TheFinalEpochClosesTheSession()
    {
        var id = Open(At(0));

        Assert.Equal(0, Answer(Fetch(id, -1, At(0))).SessionId);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Answer(Fetch(id, 1)).ErrorCode);
    }

    [Fact]
    public void AnIncrementalFetchWaitsForAnAppend()
    {
        var id = Open(At(0));
        var pending = Fetch(id, 1, maxWaitMs: 500);
        Assert.False(_connection.IsAnswered(pending));

        _fixture.Append();
        _fixture.Loop.RunPosted();

        Assert.Equal(1, Told(pending).HighWatermark);
    }

    [Fact]
    public void AFetchThatAnotherOvertookIsRefused()
    {
        var id = Open(At(0));
        var overtaken = Fetch(id, 1, maxWaitMs: 500);
        Fetch(id, 2);

        _fixture.Loop.Advance(500);

        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Answer(overtaken).ErrorCode);
    }

    [Fact]
    public void AnUnknownIsolationLevelIsWrongForAll()
    {
        var response = Answer(_connection.Send(_fetch, ApiKey.Fetch, 12, new FetchRequest
        {
            IsolationLevel = 2,
            SessionEpoch = 0,
            Topics = [new() { Topic = "orders", Partitions = [At(0)] }],
        }));

        Assert.Equal(ErrorCode.UnknownServerError, response.ErrorCode);
        Assert.Equal(ErrorCode.UnknownServerError, response.Responses.Single().Partitions.Single().ErrorCode);
        Assert.Equal(0, response.SessionId);
    }

    [Fact]
    public void WhoGotRecordsGoesBehindTheOthers()
    {
        var session = new FetchSession();
        var topic = new FetchRequest.FetchTopic { Topic = "orders" };
        for (var i = 0; i < 4; i++)
            topic.Partitions.Add(new() { Partition = i });
        session.Update(new FetchRequest { Topics = [topic] });

        session.Partitions[0].HasGot = session.Partitions[2].HasGot = true;
        session.MoveBehind();

        Assert.Equal([1, 3, 0, 2], session.Partitions.Select(partition => partition.Key.Partition));
    }

    [Fact]
    public void IdlePartitionsCostAFetchNoMemory()
    {
        var few = Bytes(Open([.. Enumerable.Range(0, 1).Select(_ => At(0))], topics: 10));
        var many = Bytes(Open([.. Enumerable.Range(0, 1).Select(_ => At(0))], topics: 10_000));

        Assert.InRange(many - few, -4096, 4096);
    }

    /// <summary>Allocated by one fetch in which nothing is new.</summary>
    private long Bytes(int session)
    {
        Fetch(session, 1);
        Fetch(session, 2);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Fetch(session, 3);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private int Open(FetchRequest.FetchPartition[] partitions, int topics)
    {
        var asked = new List<FetchRequest.FetchTopic>();
        for (var i = 0; i < topics; i++)
        {
            var name = $"idle-{topics}-{i}";
            _fixture.Topics.Set(new HostedTopic(name, new Uuid(2, (ulong)i), [_fixture.Partition]));
            asked.Add(new() { Topic = name, Partitions = [.. partitions] });
        }

        return Answer(_connection.Send(
            _fetch, ApiKey.Fetch, 12, new FetchRequest { SessionEpoch = 0, Topics = asked })).SessionId;
    }

    private int Open(params FetchRequest.FetchPartition[] partitions) => Answer(Fetch(0, 0, partitions)).SessionId;

    private static FetchRequest.FetchPartition At(long offset) =>
        new() { FetchOffset = offset, PartitionMaxBytes = 1 << 20 };

    private PendingRequest Fetch(
        int sessionId, int epoch, FetchRequest.FetchPartition[]? partitions = null, short version = 12,
        int maxWaitMs = 0) =>
        _connection.Send(_fetch, ApiKey.Fetch, version, new FetchRequest
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionId = sessionId,
            SessionEpoch = epoch,
            Topics = partitions is null ? [] : [new() { Topic = "orders", Partitions = [.. partitions] }],
        });

    private PendingRequest Fetch(int sessionId, int epoch, FetchRequest.FetchPartition partition) =>
        Fetch(sessionId, epoch, [partition]);

    private FetchResponse Answer(PendingRequest pending) => _connection.Answer<FetchResponse>(pending);

    private FetchResponse.PartitionData Told(PendingRequest pending) =>
        Answer(pending).Responses.Single().Partitions.Single();
}
