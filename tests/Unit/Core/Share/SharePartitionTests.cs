using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Share;

/// <summary>What members of a share group get of a partition, and what becomes of it.</summary>
public sealed class SharePartitionTests
{
    private const sbyte Gap = 0;
    private const sbyte Accept = 1;
    private const sbyte Release = 2;
    private const sbyte Reject = 3;
    private const sbyte Renew = 4;

    [Fact]
    public void AFetchTakesWholeBatches()
    {
        var share = new ShareFixture().Append((0, 2), (3, 4), (5, 9));

        Assert.Equal("0-4x1", share.Fetch("a", max: 4));
        Assert.Equal("5-9x1", share.Fetch("b"));
        Assert.Equal("", share.Fetch("a"));
    }

    [Fact]
    public void AStrictFetchTakesNoRecordMore()
    {
        var share = new ShareFixture().Append((0, 2), (3, 9));

        Assert.Equal("0-3x1", share.Fetch("a", max: 4, strict: true));
        Assert.Equal("4-9x1", share.Fetch("b", strict: true));
        share.Acknowledge("a", 0, 3, Release);
        Assert.Equal("0-0x2", share.Fetch("b", max: 1, strict: true));
    }

    [Fact]
    public void WhatIsAcquiredIsToldInBatchesOfTheWantedSize()
    {
        var share = new ShareFixture().Append((0, 2), (3, 5), (6, 8));

        Assert.Equal("0-5x1 6-8x1", share.Fetch("a", batchSize: 4));
    }

    /// <summary>The updates that Kafka 4.4 writes for the same acknowledgements.</summary>
    [Fact]
    public void ChangesAreThoseThatKafkaStores()
    {
        var share = new ShareFixture().Append((0, 2), (3, 4));
        var partition = share.Partition;

        Assert.Equal("0-4x1", share.Fetch("a"));
        Assert.Equal("from 0 done 0: 0-4 0 x1", ShareFixture.Text(partition.Release("a")));
        Assert.Equal("0-4x2", share.Fetch("a"));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", (0, 1, [Accept]), (2, 2, [Release]), (3, 3, [Reject])));
        Assert.Equal("from 0 done 3: 0-1 2 x2 2-2 0 x2 3-3 4 x2", ShareFixture.Text(share.Change));
        Assert.Equal("2-2x3", share.Fetch("a"));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 0, 0, Accept));
        Assert.Null(share.Change);
        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("a", 3, 3, Accept));
        Assert.Equal(ErrorCode.InvalidRequest, share.Acknowledge("a", 50, 51, Accept));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 2, 2, Accept));
        Assert.Equal("from 2 done 2: 2-2 2 x3", ShareFixture.Text(share.Change));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 4, 4, Renew));
        Assert.Null(share.Change);
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 4, 4, Gap));
        Assert.Equal("from 4 done 1: 4-4 4 x2", ShareFixture.Text(share.Change));

        share.Append((5, 7));
        Assert.Equal("5-7x1", share.Fetch("a"));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 5, 7, Accept, Release, Reject));
        Assert.Equal("from 5 done 2: 5-5 2 x1 6-6 0 x1 7-7 4 x1", ShareFixture.Text(share.Change));
        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("a", 6, 6, Accept));
        Assert.Equal("6-6x2", share.Fetch("a"));
        share.Acknowledge("a", 6, 6, Release);
        Assert.Equal("6-6x3", share.Fetch("a"));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 6, 6, Accept));
        Assert.Equal("from 6 done 2: 6-6 2 x3", ShareFixture.Text(share.Change));
        Assert.Equal(8, partition.StartOffset);
    }

    [Fact]
    public void ARefusedAcknowledgementChangesNothing()
    {
        var share = new ShareFixture().Append((0, 9));
        share.Fetch("a");

        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("b", 0, 9, Accept));
        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("a", (0, 3, [Accept]), (3, 4, [Release])));
        Assert.Equal(ErrorCode.InvalidRequest, share.Acknowledge("a", (0, 3, [Accept]), (8, 12, [Accept])));
        Assert.Null(share.Change);
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 0, 9, Accept));
        Assert.Equal(10, share.Partition.StartOffset);
    }

    [Fact]
    public void ALockEndsUnlessItIsRenewed()
    {
        var share = new ShareFixture().Append((0, 9));
        share.Fetch("a");
        var end = share.Now + 30_000;
        Assert.Equal(end, share.Partition.NextDeadline);

        share.Now += 20_000;
        share.Acknowledge("a", 5, 9, Renew);
        Assert.Null(share.Partition.Expire(end + -1));
        Assert.Equal("from 0 done 0: 0-4 0 x1", ShareFixture.Text(share.Partition.Expire(end)));
        Assert.Equal(end + 20_000, share.Partition.NextDeadline);

        Assert.Equal("0-4x2", share.Fetch("b"));
        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("a", 0, 0, Accept));
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 5, 9, Accept));
    }

    [Fact]
    public void RenewingCanBeForbidden()
    {
        var share = new ShareFixture(new ShareSettings { AllowsRenewal = false }).Append((0, 9));
        share.Fetch("a");

        Assert.Equal(ErrorCode.InvalidRequest, share.Acknowledge("a", 5, 9, Renew));
    }

    [Fact]
    public void AfterTheLastDeliveryARecordIsArchived()
    {
        var share = new ShareFixture(new ShareSettings { DeliveryCountLimit = 3 }).Append((0, 1));
        Assert.Equal("0-1x1", share.Fetch("a"));
        share.Partition.Release("a");
        Assert.Equal("0-1x2", share.Fetch("a"));
        share.Partition.Expire(share.Partition.NextDeadline);
        Assert.Equal("0-1x3", share.Fetch("b"));

        share.Acknowledge("b", (0, 0, [Release]), (1, 1, [Accept]));

        Assert.Equal("from 0 done 2: 0-0 4 x3 1-1 2 x3", ShareFixture.Text(share.Change));
        Assert.Equal("", share.Fetch("a"));
        Assert.Equal(2, share.Partition.StartOffset);
    }

    [Fact]
    public void WhatIsNotInTheLogIsArchived()
    {
        var share = new ShareFixture().Append((2, 4), (7, 8));

        Assert.Equal("2-4x1 7-8x1", share.Fetch("a"));
        Assert.Equal(2, share.Partition.StartOffset);
        Assert.Equal(5, share.Partition.InFlight);
        Assert.Equal(ErrorCode.InvalidRecordState, share.Acknowledge("a", 2, 8, Gap));
        share.Acknowledge("a", (2, 4, [Accept]), (7, 8, [Accept]));
        Assert.Equal("from 2 done 7: 2-4 2 x1 7-8 2 x1", ShareFixture.Text(share.Change));
    }

    [Fact]
    public void TheLogStartLeavesWhatAMemberHas()
    {
        var share = new ShareFixture().Append((0, 3), (4, 9));
        Assert.Equal("0-3x1", share.Fetch("a", max: 1));
        Assert.Equal("4-9x1", share.Fetch("b", max: 1));
        share.Partition.Release("b");

        share.Partition.MoveLogStart(7);
        Assert.Equal(7, share.Partition.NextFetchOffset);
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 0, 3, Accept));
        Assert.Equal(7, share.Partition.StartOffset);
        share.Partition.MoveLogStart(20);
        Assert.Equal((20, 20), (share.Partition.StartOffset, share.Partition.EndOffset));
    }

    [Fact]
    public void NoMoreThanTheLimitIsUnderWay()
    {
        var share = new ShareFixture(new ShareSettings { MaxRecordLocks = 10 }).Append((0, 7), (8, 15), (16, 23));

        Assert.Equal("0-15x1", share.Fetch("a"));
        Assert.Equal("full", share.Fetch("b"));
        share.Acknowledge("a", 0, 0, Release);
        Assert.Equal("0-0x2", share.Fetch("b"));
        share.Acknowledge("a", 1, 15, Accept);
        Assert.Equal("16-23x1", share.Fetch("b"));
    }

    [Fact]
    public void RecordsOfAbortedTransactionsArePassedOver()
    {
        var share = new ShareFixture().AppendAborted(0, 4).Append((5, 5), (6, 8)).AppendAborted(9, 9);

        Assert.Equal("5-8x1", share.Fetch("a"));
        Assert.Equal(10, share.Partition.EndOffset);
        share.Acknowledge("a", 5, 8, Accept);
        Assert.Equal(10, share.Partition.StartOffset);
    }

    [Fact]
    public void AnotherMemberMayBeQuicker()
    {
        var share = new ShareFixture().Append((0, 4));
        share.Fetch("a");

        var acquired = share.Partition.Acquire("b", [new FetchedBatch(0, 4)], 0, new FetchLimits(9, 9), share.Now);

        Assert.Empty(acquired);
        Assert.Equal(ErrorCode.None, share.Acknowledge("a", 0, 4, Accept));
    }

    [Fact]
    public void AStoredStateGoesOn()
    {
        var share = new ShareFixture(
            null,
            10,
            new StateBatch(10, 11, RecordState.Acknowledged, 1),
            new StateBatch(14, 15, RecordState.Available, 3),
            new StateBatch(16, 16, RecordState.Archived, 5)).Append((10, 19), (20, 21));

        Assert.Equal((12, 17), (share.Partition.StartOffset, share.Partition.EndOffset));
        Assert.Equal("12-13x1 14-15x4 17-19x1", share.Fetch("a", max: 3));
        Assert.Equal("20-21x1", share.Fetch("b"));
    }
}
