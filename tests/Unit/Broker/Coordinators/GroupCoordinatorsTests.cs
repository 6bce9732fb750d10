using Millrace.Broker.Coordinators;
using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Unit.Broker.Partitions;
using Millrace.Shared.Simulated;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>The shell of the group coordinator: what is answered when, and what a new one finds in the log.</summary>
public sealed class GroupCoordinatorsTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly SimConnection _connection;
    private GroupCoordinators _coordinators;

    public GroupCoordinatorsTests()
    {
        _connection = new SimConnection(_fixture.Loop);
        _coordinators = Load();
    }

    [Fact]
    public void ACommitIsAnsweredAfterTheFlush()
    {
        var pending = Commit(offset: 7);
        Assert.False(_connection.IsAnswered(pending));

        _fixture.Flush();

        Assert.Equal(ErrorCode.None, Committed(pending));
    }

    [Fact]
    public void AnOffsetIsToldWhenItIsSafe()
    {
        Commit(offset: 7);
        var pending = Fetch();
        Assert.False(_connection.IsAnswered(pending));

        _fixture.Flush();

        Assert.Equal(7, Fetched(pending));
    }

    [Fact]
    public void ANewShardFindsWhatWasCommitted()
    {
        Commit(offset: 7);
        _fixture.Flush();

        _coordinators = Load();

        Assert.Equal(7, Fetched(Fetch()));
    }

    [Fact]
    public void AFailedWriteIsToldAndChangesNothing()
    {
        Commit(offset: 7);
        _fixture.Flush();
        _fixture.Disk.FailWrites = true;

        var pending = Commit(offset: 8);

        Assert.Equal(ErrorCode.NotCoordinator, Committed(pending));
    }

    [Fact]
    public void OnAFullDiskOffsetsAreReadAndLaterCommittedAgain()
    {
        Commit(offset: 7);
        _fixture.Flush();
        _fixture.Disk.IsFull = true;

        Assert.Equal(ErrorCode.NotCoordinator, Committed(Commit(offset: 8)));
        Assert.Equal(7, Fetched(Fetch()));

        // Attempts are spaced, as each that fails costs a loading.
        _fixture.Disk.IsFull = false;
        Assert.Equal(ErrorCode.NotCoordinator, Committed(Commit(offset: 8)));
        _fixture.Loop.Advance(1_000);
        var pending = Commit(offset: 9);
        _fixture.Flush();
        Assert.Equal(ErrorCode.None, Committed(pending));
        Assert.Equal(9, Fetched(Fetch()));
    }

    [Fact]
    public void AShardThatIsPausedCanBeClosed()
    {
        _fixture.Disk.IsFull = true;
        Assert.Equal(ErrorCode.NotCoordinator, Committed(Commit(offset: 8)));

        _coordinators.Serve([]);
        _fixture.Loop.Advance(10_000);

        Assert.Equal(ErrorCode.NotCoordinator, Committed(Commit(offset: 8)));
    }

    [Fact]
    public void ASessionEndsThoughNobodyAsksTheNewShard()
    {
        var joined = _connection.Answer<JoinGroupResponse>(Join());
        Sync(joined);
        _fixture.Flush();
        var end = _fixture.Partition.Log.LogEndOffset;

        _coordinators = Load();
        _fixture.Loop.Advance(0);
        _fixture.Loop.Advance(10_000);

        Assert.True(_fixture.Partition.Log.LogEndOffset > end);
    }

    [Fact]
    public void AFailedFlushIsTold()
    {
        var pending = Commit(offset: 7);
        _fixture.Disk.FailFlushes = true;

        _fixture.Flush();

        Assert.Equal(ErrorCode.NotCoordinator, Committed(pending));
    }

    [Fact]
    public void AMemberJoinsSyncsAndLosesItsSession()
    {
        var joined = _connection.Answer<JoinGroupResponse>(Join());
        var sync = Sync(joined);
        Assert.False(_connection.IsAnswered(sync));
        _fixture.Flush();
        Assert.Equal([1, 2], _connection.Answer<SyncGroupResponse>(sync).Assignment.ToArray());

        // Nothing is to be flushed for a member that only asks again.
        Assert.True(_connection.IsAnswered(Sync(joined)));
        Assert.Equal(ErrorCode.None, Beat(joined));

        _fixture.Loop.Advance(10_000);
        Assert.Equal(ErrorCode.UnknownMemberId, Beat(joined));
    }

    [Fact]
    public void WithoutTheInternalTopicThereIsNoCoordinator()
    {
        _coordinators.Serve([]);

        Assert.Equal(ErrorCode.NotCoordinator, Committed(Commit(offset: 7)));
    }

    [Fact]
    public void UnderALockNothingIsSent()
    {
        var answered = 0;
        var reply = new CoordinatorRequest(_ => answered++);

        Assert.True(_coordinators.Find("g")!.RunLocked(
            (_, _, effects) => effects.Reply(reply, new HeartbeatResponse(), afterCommit: true)));
        Assert.Equal(0, answered);

        _fixture.Loop.RunPosted();
        Assert.Equal(1, answered);
    }

    private GroupCoordinators Load()
    {
        var coordinators = new GroupCoordinators(_fixture.Loop, new BrokerSettings([]), new CountedIds());
        coordinators.Serve([_fixture.Partition]);
        return coordinators;
    }

    private PendingRequest Commit(long offset) => _connection.Send(
        new OffsetCommitHandler(_coordinators, _fixture.Topics), ApiKey.OffsetCommit, 8, new OffsetCommitRequest
        {
            GroupId = "g",
            Topics = [new() { Name = "orders", Partitions = [new() { CommittedOffset = offset }] }],
        });

    private ErrorCode Committed(PendingRequest pending) =>
        _connection.Answer<OffsetCommitResponse>(pending).Topics[0].Partitions[0].ErrorCode;

    private PendingRequest Fetch() => _connection.Send(
        new OffsetFetchHandler(_coordinators, _fixture.Topics), ApiKey.OffsetFetch, 7, new OffsetFetchRequest
        {
            GroupId = "g",
            Topics = [new() { Name = "orders", PartitionIndexes = [0] }],
        });

    private long Fetched(PendingRequest pending) =>
        _connection.Answer<OffsetFetchResponse>(pending).Topics[0].Partitions[0].CommittedOffset;

    private PendingRequest Join() => _connection.Send(
        new JoinGroupHandler(_coordinators), ApiKey.JoinGroup, 3, new JoinGroupRequest
        {
            GroupId = "g",
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 10_000,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range" }],
        });

    private PendingRequest Sync(JoinGroupResponse joined) => _connection.Send(
        new SyncGroupHandler(_coordinators), ApiKey.SyncGroup, 3, new SyncGroupRequest
        {
            GroupId = "g",
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
            Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 1, 2 } }],
        });

    private ErrorCode Beat(JoinGroupResponse joined) => _connection.Answer<HeartbeatResponse>(_connection.Send(
        new HeartbeatHandler(_coordinators), ApiKey.Heartbeat, 3, new HeartbeatRequest
        {
            GroupId = "g",
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
        })).ErrorCode;
}
