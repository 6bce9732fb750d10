using Millrace.Broker.Cluster;
using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Partitions;

/// <summary>What is noted of the partitions, and which are looked at.</summary>
public sealed class CheckpointTaskTests
{
    private const long Second = 1_000;

    private readonly PartitionFixture _fixture = new();
    private readonly CheckpointTask _task;
    private Action<string> _tell = Assert.Fail;

    public CheckpointTaskTests()
    {
        _task = new CheckpointTask(
            _fixture.Topics, new NoMetadata(), new LogCheckpoints(_fixture.Disk), _fixture.Loop, text => _tell(text));
        _task.Start();
    }

    [Fact]
    public void WhatIsAppendedIsFlushedAndNotedInTheEnd()
    {
        _fixture.Append();
        Pass(15 * Second);

        Assert.Equal(new Offset(1), NotedPoint());
        Assert.Equal(new Offset(1), _fixture.Partition.Log.FlushedOffset);
    }

    [Fact]
    public void APartitionThatHasSettledIsNotLookedAt()
    {
        _fixture.Append();
        Pass(15 * Second);
        _fixture.Partition.Log.AdvanceLogStartOffset(new Offset(1)); // nobody says so

        Pass(15 * Second);

        Assert.NotEqual(new Offset(1), NotedStart());
    }

    [Fact]
    public void AChangeAfterItHasSettledIsNoted()
    {
        _fixture.Append();
        Pass(15 * Second);

        _fixture.Partition.DeleteRecords(new Offset(1));
        Pass(2 * Second);

        Assert.Equal(new Offset(1), NotedStart());
    }

    [Fact]
    public void ADeletedTopicIsLetGo()
    {
        _fixture.Append();
        _fixture.Topics.Remove(_fixture.Topics.Find("orders")!);

        Pass(15 * Second);

        Assert.Equal(Offset.None, NotedPoint());
    }

    [Fact]
    public void AFullDiskIsToldOnceAndThatThereIsRoomAgain()
    {
        List<string> told = [];
        _tell = told.Add;
        _fixture.Append();
        _fixture.Disk.IsFull = true;
        Pass(15 * Second);
        Assert.StartsWith("The checkpoint files can't be written: ", told[0], StringComparison.Ordinal);
        Assert.StartsWith("orders-0 can't be brought to its checkpoint: ", told[1], StringComparison.Ordinal);
        Assert.Equal(2, told.Count);

        _fixture.Disk.IsFull = false;
        Pass(15 * Second);

        Assert.Equal(
            ["The checkpoint files are written again.", "orders-0 is brought to its checkpoint again."], told[2..]);
    }

    private Offset NotedPoint() => Noted(LogCheckpoints.RecoveryPointPath);

    private Offset NotedStart() => Noted(OffsetCheckpoint.LogStart);

    private Offset Noted(string file) => new OffsetCheckpoint(_fixture.Disk, file).Of(_fixture.Partition.Id);

    private void Pass(long milliseconds)
    {
        for (var passed = 0L; passed < milliseconds; passed += Second)
        {
            _fixture.Loop.Advance(Second);
            _fixture.Flush();
        }
    }

    private sealed class NoMetadata : IMetadataLog
    {
        public LeaderEpoch LeaderEpoch => LeaderEpoch.Zero;

        public Offset EndOffset => Offset.Zero;

        public Offset FlushedOffset => Offset.None;

        public bool IsEmpty => true;

        public IEnumerable<IMessage> ReadAll() => [];

        public bool TryAppend(IReadOnlyList<IMessage> records, Instant now, bool isUrgent) => false;

        public void SnapshotIfDue(ClusterImage image, Instant now)
        {
        }

        public void Dispose()
        {
        }
    }
}
