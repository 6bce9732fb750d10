using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Partitions;

/// <summary>When records become visible, and who is told that they are safe.</summary>
public sealed class PartitionTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly List<Heard> _order = [];

    [Fact]
    public void WithoutWaitingRecordsAreVisibleAtOnce()
    {
        _fixture.Append();

        Assert.Equal(new Offset(1), _fixture.Partition.HighWatermark);
        Assert.False(_fixture.IsFlushWanted);
    }

    [Fact]
    public void WithAcksAllRecordsAreVisibleAfterTheFlushOnly()
    {
        var heard = new Heard(_order);
        _fixture.Append(heard);
        Assert.Equal(Offset.Zero, _fixture.Partition.HighWatermark);
        Assert.Null(heard.Outcome);

        _fixture.Flush();

        Assert.Equal(new Offset(1), _fixture.Partition.HighWatermark);
        Assert.Equal(ErrorCode.None, heard.Outcome);
    }

    [Fact]
    public void OneFlushServesAllThatWait()
    {
        var all = Enumerable.Range(0, 64).Select(_ => new Heard(_order)).ToList();
        foreach (var heard in all)
            _fixture.Append(heard);
        var before = _fixture.Disk.Flushes;

        _fixture.Partition.Flush();
        var flushes = _fixture.Disk.Flushes - before;

        Assert.Equal(all, _order);
        Assert.InRange(flushes, 1, 4);
    }

    [Fact]
    public void BehindUnflushedRecordsOthersWaitToo()
    {
        _fixture.Append(new Heard(_order));
        _fixture.Append();
        Assert.Equal(Offset.Zero, _fixture.Partition.HighWatermark);

        _fixture.Flush();

        Assert.Equal(new Offset(2), _fixture.Partition.HighWatermark);
    }

    [Fact]
    public void AFailedFlushIsToldAndNothingBecomesVisible()
    {
        var heard = new Heard(_order);
        _fixture.Append(heard);
        _fixture.Disk.FailFlushes = true;

        _fixture.Flush();

        Assert.Equal(ErrorCode.KafkaStorageError, heard.Outcome);
        Assert.Equal(Offset.Zero, _fixture.Partition.HighWatermark);
        Assert.Equal(ErrorCode.KafkaStorageError, _fixture.Append().Error);
    }

    [Fact]
    public void WhoAwaitsAFlushWithNothingToFlushHearsAtOnce()
    {
        var heard = new Heard(_order);

        _fixture.Partition.AwaitFlush(heard);

        Assert.Equal(ErrorCode.None, heard.Outcome);
    }

    [Fact]
    public void ADeletedPartitionAnswersWhoWaits()
    {
        var heard = new Heard(_order);
        _fixture.Append(heard);

        _fixture.Partition.Close();

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, heard.Outcome);
    }

    [Fact]
    public void AFailedWriteIsToldTheOperatorOnceAndThoseWhoWait()
    {
        var heard = new Heard(_order);
        _fixture.Append(heard);
        _fixture.Flush();
        _fixture.Disk.FailWrites = true;

        Assert.Equal(ErrorCode.KafkaStorageError, _fixture.Append().Error);

        Assert.True(_fixture.IsFlushWanted);
        _fixture.Flush();
        Assert.Equal(
            "orders-0 is offline: The device does not answer. Mend the disk, then restart.",
            _fixture.Partition.TakeFailure());
        Assert.Null(_fixture.Partition.TakeFailure());
        _fixture.Append();
        Assert.False(_fixture.IsFlushWanted);
    }

    [Fact]
    public void AFullDiskIsToldOnceAndWritingGoesOnWhenThereIsRoom()
    {
        _fixture.Disk.IsFull = true;
        Assert.Equal(ErrorCode.KafkaStorageError, _fixture.Append().Error);
        Assert.StartsWith("orders-0 takes no records: the disk is full.", _fixture.Partition.TakeFailure());
        Assert.Equal(ErrorCode.KafkaStorageError, _fixture.Append().Error);
        Assert.Null(_fixture.Partition.TakeFailure());
        _fixture.Disk.IsFull = false;

        var heard = new Heard(_order);
        Assert.Equal(ErrorCode.None, _fixture.Append(heard).Error);
        _fixture.Flush();

        Assert.Equal(1, _fixture.Partition.HighWatermark.Value);
        Assert.Equal("orders-0 takes records again.", _fixture.Partition.TakeFailure());
        Assert.Null(_fixture.Partition.TakeFailure());
    }

    [Fact]
    public void RelaxedAcknowledgesBeforeStableStorage()
    {
        _fixture.Partition.Log.Settings = _fixture.Partition.Log.Settings with { IsRelaxed = true };
        var heard = new Heard(_order);
        _fixture.Append(heard);
        Assert.Single(_order);
        Assert.Equal(1, _fixture.Partition.HighWatermark.Value);
        Assert.Equal(0, _fixture.Partition.Log.FlushedOffset.Value);
    }

    [Fact]
    public void MuchThatNobodyWaitsForIsWrittenBehind()
    {
        var size = LogFixture.Batch(["v"]).Length;
        _fixture.Partition.Log.Settings = _fixture.Partition.Log.Settings with { WriteBehindBytes = 2 * size };
        _fixture.Append();
        Assert.False(_fixture.IsFlushWanted);
        _fixture.Append();
        Assert.True(_fixture.IsFlushWanted);
        _fixture.Flush();
        Assert.Equal(0, _fixture.Partition.Log.UnflushedBytes);
        _fixture.Append();
        Assert.False(_fixture.IsFlushWanted);
    }

    [Fact]
    public void FlushMessagesAndFlushMsForceWhatNobodyWaitsFor()
    {
        _fixture.Partition.Log.Settings = _fixture.Partition.Log.Settings with { FlushMessages = 2, FlushMs = 5000 };
        _fixture.Append();
        Assert.False(_fixture.IsFlushWanted);
        _fixture.Append();
        Assert.True(_fixture.IsFlushWanted);
        _fixture.Flush();
        _fixture.Append();
        _fixture.Partition.Maintain(_fixture.Loop.Now);
        _fixture.Partition.Maintain(_fixture.Loop.Now + 4999);
        Assert.False(_fixture.IsFlushWanted);
        _fixture.Partition.Maintain(_fixture.Loop.Now + 5000);
        Assert.True(_fixture.IsFlushWanted);
    }

    [Fact]
    public void RecordsAreDeletedUpToTheHighWatermark()
    {
        for (var i = 0; i < 3; i++)
            _fixture.Append();
        _fixture.Append(new Heard(_order));
        Assert.Equal(ErrorCode.OffsetOutOfRange, _fixture.Partition.DeleteRecords(new Offset(4)));
        Assert.Equal(ErrorCode.None, _fixture.Partition.DeleteRecords(new Offset(2)));
        Assert.Equal(2, _fixture.Partition.Log.LogStartOffset.Value);
        Assert.Equal(ErrorCode.None, _fixture.Partition.DeleteRecords(Offset.None));
        Assert.Equal(3, _fixture.Partition.Log.LogStartOffset.Value);
    }

    [Theory]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(0, ErrorCode.None)]
    [InlineData(1, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(-2, ErrorCode.FencedLeaderEpoch)]
    public void AnotherLeaderEpochIsRefused(int asked, ErrorCode expected) =>
        Assert.Equal(expected, _fixture.Partition.CheckLeaderEpoch(asked));

    [Fact]
    public void TheLeadersEpochBeginsWhereTheLogEnds()
    {
        _fixture.Append();
        _fixture.Partition.LeaderEpoch = new LeaderEpoch(3);

        Assert.Equal([(0, 1L), (0, 1L), (3, 1L), (-1, -1L)], new[] { 0, 2, 3, 4 }.Select(epoch =>
        {
            var (found, end) = _fixture.Partition.EndOffsetForEpoch(new LeaderEpoch(epoch));
            return (found.Value, end.Value);
        }));
    }
}
