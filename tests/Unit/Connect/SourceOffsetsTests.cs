using Millrace.Connect.Postgres;
using Millrace.Connect.Runtime;

namespace Millrace.Unit.Connect;

public sealed class SourceOffsetsTests
{
    private readonly SourceOffsets _offsets = new();

    [Fact]
    public void PositionWaitsForTheGapBelow()
    {
        var first = _offsets.Open();
        first.Sent();
        first.Seal(At(10));
        var second = _offsets.Open();
        second.Sent();
        second.Seal(At(20));
        second.Acknowledged();
        Assert.Null(_offsets.TakeCompleted());
        first.Acknowledged();
        Assert.Equal(new Lsn(20), _offsets.TakeCompleted()!.End);
        Assert.Null(_offsets.TakeCompleted());
        Assert.True(_offsets.IsIdle);
    }

    [Fact]
    public void OpenTransactionIsNeverComplete()
    {
        var transaction = _offsets.Open();
        transaction.Sent();
        transaction.Acknowledged();
        Assert.Null(_offsets.TakeCompleted());
        Assert.False(_offsets.IsIdle);
        transaction.Seal(At(5));
        Assert.Equal(new Lsn(5), _offsets.TakeCompleted()!.End);
    }

    [Fact]
    public void StoredPositionSurvivesItsJson()
    {
        var offset = At(77) with { SystemId = "123", Timeline = 2, SnapshotCompleted = false };
        Assert.Equal(offset, SourceOffset.FromJson(offset.ToJson()));
    }

    [Fact]
    public void PositionOfDebeziumIsUnderstood()
    {
        var offset = SourceOffset.FromJson("""
            {"lsn_proc":1093559648,"lsn_events_processed":1,"messageType":"UPDATE","lsn_commit":1093558568,
             "lsn":1093559648,"txId":4324,"ts_usec":1795558892494100}
            """u8);
        Assert.Equal(new Lsn(1093558568), offset.End);
        Assert.True(offset.SnapshotCompleted);
    }

    [Fact]
    public void UnreadablePositionStopsTheConnector() =>
        Assert.Throws<ConnectorException>(() => SourceOffset.FromJson("{\"lsn\":\"x\"}"u8));

    private static SourceOffset At(ulong lsn) => new(new Lsn(lsn), new Lsn(lsn), 1, 2);
}
