using Millrace.Core.Log.Cleaner;

namespace Millrace.Unit.Core.Log.Cleaner;

public sealed class TransactionCleaningTests
{
    private readonly CleanedLog _log = new(CleanedLog.Compacted with { SegmentBytes = 1 << 20 });

    [Fact]
    public void AbortedRecordsGoAtOnceAndCommittedOnesLikeOthers()
    {
        _log.Append(("a", "before"));
        Write(1, "a", "aborted");
        Write(2, "b", "committed");
        Assert.Equal(5, Write(1, "b", "aborted") + 2);
        _log.End(1, commit: false);
        _log.End(2, commit: true);
        AppendAndClean("c");

        Assert.Equal(
            [new(0, "a", "before"), new(2, "b", "committed"), new(6, "c", "1")], _log.Records());
    }

    [Fact]
    public void AMarkerGoesWhenItsTransactionHasNoDataLeftAndTheHorizonHasPassed()
    {
        Write(1, "a", "1");
        _log.End(1, commit: true);
        Write(2, "b", "1");
        _log.End(2, commit: false);
        // So that neither batch is the producer's last, which would stay as an empty one.
        Write(1, "c", "1");
        Write(2, "d", "1");
        _log.End(1, commit: true);
        _log.End(2, commit: true);
        _log.Append(("a", "2"));
        AppendAndClean("x");
        Assert.Equal([1, 3, 6, 7], Markers(horizon: false));
        Assert.Equal([3], Aborted());

        AppendAndClean("x");
        long horizon = _log.Now.Milliseconds + 1000;
        Assert.Equal([6, 7], Markers(horizon: false));
        Assert.Equal([1, 3], Markers(horizon: true));
        Assert.Equal(horizon, _log.Headers().First(batch => batch.IsControl).Horizon);
        Assert.Empty(Aborted());

        _log.Now += 999;
        AppendAndClean("x");
        Assert.Equal([1, 3], Markers(horizon: true));
        _log.Now += 1;
        AppendAndClean("x");
        Assert.Equal([6, 7], _log.Headers().Where(batch => batch.IsControl).Select(batch => batch.BaseOffset));
    }

    [Fact]
    public void TheEntryOfAnAbortedTransactionStaysWithWhatIsLeftOfIt()
    {
        Write(1, "a", "1");
        _log.End(1, commit: false);
        AppendAndClean("x");
        AppendAndClean("y");

        // Its data is the last of the producer: an empty batch stays, and so do the marker and its entry.
        Assert.Equal([0, 1, 2, 3], _log.Headers().Select(batch => batch.BaseOffset));
        Assert.Equal(0, _log.Headers()[0].Count);
        Assert.Null(_log.Headers()[1].Horizon);
        Assert.Equal([1], Aborted());
    }

    [Fact]
    public void ATransactionThatSpansSegmentsIsKnownFromItsMarkerInAnother()
    {
        Write(1, "a", "1");
        _log.Roll();
        Write(1, "b", "2");
        _log.Roll();
        _log.Append(("c", "3"));
        _log.End(1, commit: false);

        _log.Clean();

        Assert.Equal(2, _log.Checkpoint.Value);
        Assert.Equal([new DataRecord(2, "c", "3")], _log.Records());
        Assert.Equal([3], Aborted());
    }

    [Fact]
    public void AnAbortedTransactionOfLongAgoSaysNothingOfALaterOne()
    {
        Write(1, "a", "1");
        _log.End(1, commit: false);
        AppendAndClean("x");
        Write(1, "a", "2");
        _log.End(1, commit: true);
        Write(1, "a", "3");
        _log.End(1, commit: true);
        AppendAndClean("x");

        Assert.Equal(["3", "1"], _log.Records().Select(record => record.Value));
    }

    [Fact]
    public void APassThatBeginsBehindAMarkerIgnoresIt()
    {
        var transactions = new CleanedTransactions([new(1, 0, 5, 6)]);
        using var builder = new Millrace.Protocol.Records.RecordBatchBuilder
        {
            BaseOffset = 6,
            ProducerId = 1,
            ProducerEpoch = 0,
            IsTransactional = true,
        };
        builder.Append(0, "k"u8, "v"u8);
        Millrace.Protocol.Records.RecordBatch.TryRead(builder.Build(), out var batch);

        Assert.False(transactions.OnData(batch));
    }

    private long Write(long producer, string key, string value) =>
        _log.Append([(key, value)], producer: producer, sequence: 0, transactional: true);

    private void AppendAndClean(string key)
    {
        _log.Append((key, "1"));
        _log.Roll();
        _log.Clean();
    }

    private IEnumerable<long> Markers(bool horizon) => _log.Headers()
        .Where(batch => batch.IsControl && batch.Horizon is not null == horizon).Select(batch => batch.BaseOffset);

    private IEnumerable<long> Aborted() =>
        _log.Log.AbortedTransactionsBelow(_log.Log.LogEndOffset).Select(transaction => transaction.LastOffset);
}
