using Millrace.Core.Coordinators;
using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Groups;

/// <summary>Offsets that were committed in transactions, on their way from the log to those who ask.</summary>
public sealed class TransactionalOffsetTests
{
    private const long One = 1;
    private const long Two = 2;

    private readonly GroupCoordinator _coordinator = new(new GroupSettings(), new CountedIds());

    [Fact]
    public void AnOffsetIsPendingUntilItsTransactionCommits()
    {
        Commit(5);
        Commit(9, One);
        Assert.Equal((5, ErrorCode.None), Fetch());
        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), Fetch(requireStable: true));

        _coordinator.ReplayEndTransaction(One, isCommit: true);

        Assert.Equal((9, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void AnAbortedOffsetNeverWas()
    {
        Commit(9, One);
        _coordinator.ReplayEndTransaction(One, isCommit: false);

        Assert.Equal((-1, ErrorCode.None), Fetch(requireStable: true));
        Commit(10, One);
        _coordinator.ReplayEndTransaction(One, isCommit: true);
        Assert.Equal((10, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void AnotherProducersMarkerIsNone()
    {
        Commit(9, One);
        _coordinator.ReplayEndTransaction(Two, isCommit: true);

        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), Fetch(requireStable: true));
    }

    [Fact]
    public void APlainCommitBehindThePendingOneStands()
    {
        Commit(9, One);
        Commit(5);
        Assert.Equal((5, ErrorCode.None), Fetch());
        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), Fetch(requireStable: true));

        _coordinator.ReplayEndTransaction(One, isCommit: true);

        Assert.Equal((5, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void OfTwoTransactionsTheLaterRecordStandsWhicheverEndsLast()
    {
        Commit(1, One);
        Commit(2, Two);
        _coordinator.ReplayEndTransaction(Two, isCommit: true);
        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), Fetch(requireStable: true));

        _coordinator.ReplayEndTransaction(One, isCommit: true);

        Assert.Equal((2, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void ADeletedOffsetIsNotBroughtBack()
    {
        Commit(9, One);
        using var effects = new Effects();
        GroupRecords.DeleteOffset(effects, new OffsetKey("g", "t", 0));
        Replay(effects);

        Assert.Equal((-1, ErrorCode.None), Fetch(requireStable: true));
        _coordinator.ReplayEndTransaction(One, isCommit: true);
        Assert.Equal((-1, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void NothingExpiresWhereAnOffsetIsPending()
    {
        Commit(5);
        Commit(9, One);
        using var effects = new Effects();
        _coordinator.Start(new Instant(0));
        _coordinator.Expire(new Instant(long.MaxValue / 2), effects);
        Assert.Equal(0, effects.RecordCount);

        _coordinator.ReplayEndTransaction(One, isCommit: false);
        _coordinator.Expire(new Instant(long.MaxValue / 4 * 3), effects);

        Assert.Equal(2, effects.RecordCount);
    }

    [Fact]
    public void AGroupIsDeletedWithWhatIsPending()
    {
        Commit(9, One);
        using var effects = new Effects();
        Assert.Equal(ErrorCode.None, _coordinator.Delete("g", effects));
        Replay(effects);

        _coordinator.ReplayEndTransaction(One, isCommit: true);

        Assert.Equal(0, _coordinator.GroupCount);
        Assert.Equal((-1, ErrorCode.None), Fetch(requireStable: true));
    }

    [Fact]
    public void WhereAllIsAskedForWhatIsOnlyPendingIsLeftOut()
    {
        Commit(9, One);
        Assert.Empty(_coordinator.FetchOffsets(new() { GroupId = "g", Topics = null }, requireStable: true).Topics);
        Assert.Equal(1, _coordinator.GroupCount);
    }

    private void Commit(long offset, long? producerId = null)
    {
        using var effects = new Effects();
        GroupRecords.Commit(
            effects, new OffsetCommitKey { Group = "g", Topic = "t" }, new OffsetCommitValue { Offset = offset });
        Replay(effects, producerId);
    }

    private void Replay(Effects effects, long? producerId = null)
    {
        for (var i = 0; i < effects.RecordCount; i++)
        {
            var record = effects.Record(i);
            if (producerId is { } id)
                _coordinator.Replay(record.Key, record.Value, id);
            else
                _coordinator.Replay(record.Key, record.Value);
        }
    }

    private (long Offset, ErrorCode Error) Fetch(bool requireStable = false)
    {
        var partition = _coordinator.FetchOffsets(
            new() { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, requireStable)
            .Topics[0].Partitions[0];
        return (partition.CommittedOffset, partition.ErrorCode);
    }
}
