using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Share;

/// <summary>Share sessions and their epochs.</summary>
public sealed class ShareSessionsTests
{
    private static readonly ShareSessionKey Key = new("g", "m");
    private static readonly Uuid Topic = new(1, 2);

    private readonly ShareSessions _sessions = new(2);
    private readonly object _connection = new();

    [Fact]
    public void EachRequestNamesTheNextEpoch()
    {
        Assert.Equal(ErrorCode.ShareSessionNotFound, _sessions.TryContinue(Key, 1, [], [], out _));
        Assert.Equal(ErrorCode.ShareSessionNotFound, _sessions.TryContinue(Key, ShareSessions.Final, [], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryBegin(Key, _connection, [(Topic, 0)], out var session));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, 1, [], [], out var same));
        Assert.Same(session, same);
        Assert.Equal(ErrorCode.InvalidShareSessionEpoch, _sessions.TryContinue(Key, 1, [], [], out _));
        Assert.Equal(ErrorCode.InvalidShareSessionEpoch, _sessions.TryContinue(Key, 9, [], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, 2, [], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, ShareSessions.Final, [], [], out _));
        Assert.Equal((0, true), (_sessions.Count, session!.IsEnded));
    }

    [Fact]
    public void AfterTheGreatestEpochComesOne()
    {
        _sessions.TryBegin(Key, _connection, [], out var session);
        Assert.NotNull(session);
        typeof(ShareSession).GetProperty(nameof(ShareSession.NextEpoch))!.SetValue(session, int.MaxValue);

        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, int.MaxValue, [], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, 1, [], [], out _));
    }

    [Fact]
    public void PartitionsAreAddedAndForgotten()
    {
        _sessions.TryBegin(Key, _connection, [(Topic, 0), (Topic, 1), (Topic, 0)], out var session);
        Assert.Equal([0, 1], session!.Partitions.Select(partition => partition.Partition));

        _sessions.TryContinue(Key, 1, [(Topic, 5)], [(Topic, 0), (Topic, 9)], out _);

        Assert.Equal([1, 5], session.Partitions.Select(partition => partition.Partition));
    }

    [Fact]
    public void ThereAreNoMoreThanTheLimit()
    {
        _sessions.TryBegin(Key, _connection, [], out _);
        _sessions.TryBegin(Key, _connection, [], out _);
        _sessions.TryBegin(new ShareSessionKey("g", "n"), new object(), [], out _);
        Assert.Equal(
            ErrorCode.ShareSessionLimitReached,
            _sessions.TryBegin(new ShareSessionKey("g", "o"), _connection, [], out _));

        Assert.Equal("m", Assert.Single(_sessions.Drop(_connection)).Key.MemberId);
        Assert.Equal(ErrorCode.None, _sessions.TryBegin(new ShareSessionKey("g", "o"), _connection, [], out _));
    }

    [Fact]
    public void TogetherTheyHoldNoMorePartitionsThanTheLimit()
    {
        IEnumerable<(Uuid, int)> Some(int count) => Enumerable.Range(0, count).Select(index => (Topic, index));
        var other = new ShareSessionKey("g", "n");
        _sessions.TryBegin(Key, _connection, Some(ShareSessions.MostPartitions - 2), out _);
        Assert.Equal(
            ErrorCode.ShareSessionLimitReached, _sessions.TryBegin(other, _connection, Some(3), out var none));
        Assert.Null(none);
        Assert.Equal(ErrorCode.None, _sessions.TryBegin(other, _connection, Some(1), out var session));
        Assert.Equal(ErrorCode.ShareSessionLimitReached, _sessions.TryContinue(other, 1, Some(3), [], out _));
        Assert.Single(session!.Partitions);

        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, 1, [], [(Topic, 7)], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(other, 1, Some(3), [], out _));
        Assert.Equal(ErrorCode.ShareSessionLimitReached, _sessions.TryContinue(Key, 2, [(Topic, 7)], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(other, ShareSessions.Final, [], [], out _));
        Assert.Equal(ErrorCode.None, _sessions.TryContinue(Key, 2, [(Topic, 7)], [], out _));
    }
}
