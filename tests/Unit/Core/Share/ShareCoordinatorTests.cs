using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Share;

/// <summary>The state of share partitions as the coordinator keeps it.</summary>
public sealed class ShareCoordinatorTests
{
    private const int UpdatesPerSnapshot = 3;
    private static readonly SharePartitionKey Key = new("g", new Uuid(1, 2), 0);

    private readonly ShareCoordinator _coordinator = new(UpdatesPerSnapshot);
    private readonly ShareCoordinator _follower = new(UpdatesPerSnapshot);
    private readonly List<short> _types = [];

    [Theory]
    [InlineData("cwss1-share-fetch-g", "whTTjazqSRmZ8Xvvsf7gSA", 0, 22)]
    [InlineData("cwss1-share-heartbeat-g", "yfmfgQxzRnKwBCz7c92JRg", 1, 2)]
    [InlineData("cwss1-share-offsets-g", "P3ivmJZcSRuwlIreGbDt5A", 1, 19)]
    [InlineData("cwss1-share-sessions-g", "jHH7NWlTTpO0BGgAnFozOg", 0, 30)]
    public void StateLiesWhereKafkaPutsIt(string group, string topic, int partition, int expected)
    {
        Assert.True(SharePartitionKey.TryParse($"{group}:{topic}:{partition}", out var key));
        Assert.Equal(expected, key.StatePartition(50));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("g:notauuid:0")]
    [InlineData("g:AAAAAAAAMDkAAAAAAAEJMg:x")]
    [InlineData(":AAAAAAAAMDkAAAAAAAEJMg:0")]
    public void OtherTextIsNoSharePartition(string text) => Assert.False(SharePartitionKey.TryParse(text, out _));

    [Fact]
    public void WhatWasNotBegunIsNeitherReadNorWritten()
    {
        Assert.Equal(ErrorCode.InvalidRequest, Run(effects => _coordinator.Read(Key, 0, default, effects)));
        Assert.Equal(ErrorCode.InvalidRequest, Write(0, 0, 5));
        Run(effects =>
        {
            _coordinator.Delete(Key, effects);
            return ErrorCode.None;
        });
        Assert.Empty(_types);
    }

    [Fact]
    public void OlderLeadersAndStatesAreFenced()
    {
        Assert.Equal(ErrorCode.None, Initialize(2, -1));
        Assert.Equal(ErrorCode.None, Run(effects => _coordinator.Read(Key, 3, default, effects)));
        Assert.Equal(3, _coordinator.Find(Key)!.LeaderEpoch);

        Assert.Equal(ErrorCode.FencedLeaderEpoch, Run(effects => _coordinator.Read(Key, 2, default, effects)));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Write(2, 2, 5));
        Assert.Equal(ErrorCode.FencedStateEpoch, Write(1, 3, 5));
        Assert.Equal(ErrorCode.FencedStateEpoch, Initialize(1, 0));
        Assert.Equal(ErrorCode.None, Write(-1, -1, 5));
        Assert.Equal((5, 3), (_coordinator.Find(Key)!.StartOffset, _coordinator.Find(Key)!.LeaderEpoch));
    }

    [Fact]
    public void EverySoManyUpdatesEverythingIsStored()
    {
        Initialize(2, 0);
        for (var i = 0; i < UpdatesPerSnapshot + 2; i++)
            Write(2, 0, i, new StateBatch(i, i, RecordState.Available, 1));

        Assert.Equal([0, 1, 1, 1, 0, 1], _types);
        var state = _coordinator.Find(Key)!;
        Assert.Equal((1, 4), (state.SnapshotEpoch, state.StartOffset));
        Assert.Equal([new StateBatch(4, 4, RecordState.Available, 1)], state.Batches);
        Assert.Equal(state with { Batches = [] }, _follower.Find(Key)! with { Batches = [] });
    }

    [Fact]
    public void ToBeginAnewForgetsWhatWas()
    {
        Initialize(2, -1);
        Assert.Equal(-1, _coordinator.Find(Key)!.DeliveryCompleteCount);
        Write(2, 0, 0, new StateBatch(3, 4, RecordState.Available, 1));

        Assert.Equal(ErrorCode.None, Initialize(4, 99));

        var state = _coordinator.Find(Key)!;
        Assert.Equal((1, 4, 99L, 0), (
            state.SnapshotEpoch, state.StateEpoch, state.StartOffset, state.DeliveryCompleteCount));
        Assert.Empty(state.Batches);
        Run(effects =>
        {
            _coordinator.Delete(Key, effects);
            return ErrorCode.None;
        });
        Assert.Empty(_coordinator.States);
    }

    private ErrorCode Initialize(int stateEpoch, long start) =>
        Run(effects => _coordinator.Initialize(Key, stateEpoch, start, new Instant(7), effects));

    private ErrorCode Write(int stateEpoch, int leaderEpoch, long start, params StateBatch[] batches) => Run(effects =>
        _coordinator.Write(
            Key, stateEpoch, leaderEpoch, new StateChange(start, 0, batches), new Instant(8), effects));

    private ErrorCode Run(Func<Effects, ErrorCode> decide)
    {
        using var effects = new Effects();
        var error = decide(effects);
        for (var i = 0; i < effects.RecordCount; i++)
        {
            var record = effects.Record(i);
            _types.Add(record.Key.Span[1]);
            _coordinator.Replay(record.Key, record.Value);
            _follower.Replay(record.Key, record.Value);
        }

        return error;
    }
}
