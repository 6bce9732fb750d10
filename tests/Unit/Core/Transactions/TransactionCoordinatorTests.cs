using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Transactions;

/// <summary>A transaction from its beginning to its end, and who is refused on the way.</summary>
public sealed class TransactionCoordinatorTests
{
    private readonly TransactionShard _shard = new();

    [Fact]
    public void ATransactionIsCommittedWhenItsMarkersAreWritten()
    {
        Assert.Equal("1/0", _shard.Init());
        Assert.Equal("Empty 1/0", _shard.State);
        Assert.Equal(ErrorCode.None, _shard.Add(epoch: 0));
        Assert.Equal("Ongoing 1/0", _shard.State);

        Assert.Equal("1/1", _shard.End(epoch: 0));
        Assert.Equal("PrepareCommit 1/1", _shard.State);
        var sent = Assert.Single(_shard.Sent);
        Assert.True(sent.IsCommit);
        Assert.Equal(new ProducerIdAndEpoch(1, 1), sent.Producer);
        Assert.Equal([TransactionShard.Orders], sent.Partitions);

        _shard.MarkersAreWritten();
        Assert.Equal("CompleteCommit 1/1", _shard.State);
        Assert.Equal(ErrorCode.None, _shard.Add(epoch: 1));
    }

    [Fact]
    public void WithoutEpochsTheProducerKeepsItsOwn()
    {
        _shard.Init();
        _shard.Add(epoch: 0);

        Assert.Equal("1/0", _shard.End(epoch: 0, commit: false, raises: false));
        Assert.Equal("PrepareAbort 1/0", _shard.State);
        _shard.MarkersAreWritten();
        Assert.Equal("CompleteAbort 1/0", _shard.State);
    }

    [Theory]
    [InlineData(0, 1, ErrorCode.None)]
    [InlineData(1, 1, ErrorCode.ProducerFenced)]
    [InlineData(-1, 1, ErrorCode.ProducerFenced)]
    [InlineData(0, 2, ErrorCode.InvalidProducerIdMapping)]
    public void OnlyItsProducerAddsAndVerifies(short epoch, long producerId, ErrorCode expected)
    {
        _shard.Init();

        Assert.Equal(expected, _shard.Add(epoch, producerId));
        Assert.Equal(expected, _shard.Verify(epoch, producerId));
        if (expected == ErrorCode.None)
            Assert.Equal(ErrorCode.TransactionAbortable, _shard.Verify(epoch, partition: new("orders", 1)));
    }

    [Fact]
    public void AnUnknownOrEmptyIdHasNoTransaction()
    {
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _shard.Add(0, id: "nobody"));
        Assert.Equal(ErrorCode.InvalidRequest, _shard.Add(0, id: ""));
        Assert.Equal("InvalidProducerIdMapping", _shard.End(0));
    }

    [Fact]
    public void NothingIsAddedOnceTheEndIsDecided()
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0);

        Assert.Equal(ErrorCode.ConcurrentTransactions, _shard.Add(epoch: 1));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _shard.Verify(epoch: 1));
        Assert.Equal("ConcurrentTransactions", _shard.Init());
    }

    [Theory]
    [InlineData(true, true, 0, "ConcurrentTransactions")]
    [InlineData(false, true, 0, "InvalidTxnState")]
    [InlineData(true, true, 1, "ProducerFenced")]
    [InlineData(true, false, 0, "ProducerFenced")]
    [InlineData(true, false, 1, "ConcurrentTransactions")]
    public void AnEndThatIsDecidedIsNotDecidedAgain(bool commit, bool raises, short epoch, string expected)
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0);

        Assert.Equal(expected, _shard.End(epoch, commit, raises));
    }

    [Theory]
    [InlineData(true, true, 0, "1/1")]
    [InlineData(false, true, 0, "InvalidTxnState")]
    [InlineData(true, true, 1, "InvalidTxnState")]
    [InlineData(false, true, 1, "1/2")]
    [InlineData(true, false, 1, "1/1")]
    [InlineData(false, false, 1, "InvalidTxnState")]
    [InlineData(true, true, 5, "ProducerFenced")]
    public void AnEndIsAskedForAgainWhenAllIsDone(bool commit, bool raises, short epoch, string expected)
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0);
        _shard.MarkersAreWritten();

        Assert.Equal(expected, _shard.End(epoch, commit, raises));
    }

    [Theory]
    [InlineData(true, true, "InvalidTxnState", "Empty 1/0")]
    [InlineData(false, true, "1/1", "CompleteAbort 1/1")]
    [InlineData(true, false, "InvalidTxnState", "Empty 1/0")]
    [InlineData(false, false, "InvalidTxnState", "Empty 1/0")]
    public void WithEpochsNothingCanBeAborted(bool commit, bool raises, string expected, string state)
    {
        _shard.Init();

        Assert.Equal(expected, _shard.End(0, commit, raises));
        Assert.Equal(state, _shard.State);
        Assert.Empty(_shard.Sent);
    }

    [Fact]
    public void TheLastEpochIsForTheMarkerAndANewProducerIdForTheProducer()
    {
        _shard.Init();
        for (short epoch = 0; epoch < short.MaxValue - 1; epoch++)
            Assert.Equal($"1/{epoch + 1}", _shard.End(epoch, commit: false));
        _shard.Add(short.MaxValue - 1);

        Assert.Equal("2/0", _shard.End(short.MaxValue - 1));

        Assert.Equal(new ProducerIdAndEpoch(1, short.MaxValue), _shard.Sent[^1].Producer);
        _shard.MarkersAreWritten();
        Assert.Equal("CompleteCommit 2/0", _shard.State);
        Assert.Equal("2/0", _shard.End(short.MaxValue - 1)); // asked again
        Assert.Equal("2/0", _shard.Init(1, short.MaxValue - 1)); // it has not heard of the new id
        Assert.Equal("2/1", _shard.Init(2, 0));
    }

    [Fact]
    public void ATransactionThatTakesTooLongIsAborted()
    {
        _shard.Init(timeoutMs: 1_000);
        _shard.Add(epoch: 0);
        _shard.Advance(999);
        Assert.Equal("Ongoing 1/0", _shard.State);

        _shard.Advance(1);

        Assert.Equal("PrepareAbort 1/1", _shard.State);
        Assert.False(Assert.Single(_shard.Sent).IsCommit);
        _shard.MarkersAreWritten();
        Assert.Equal("ProducerFenced", _shard.End(0, raises: false));
        Assert.Equal("InvalidTxnState", _shard.End(0));
        Assert.Equal("1/1", _shard.Init(1, 0));
    }

    [Fact]
    public void EachTransactionHasItsOwnTime()
    {
        _shard.Init(timeoutMs: 1_000);
        _shard.Add(epoch: 0);
        _shard.Advance(900);
        _shard.End(epoch: 0);
        _shard.MarkersAreWritten();
        _shard.Add(epoch: 1);

        _shard.Advance(900);
        Assert.Equal("Ongoing 1/1", _shard.State);
        _shard.Advance(100);
        Assert.Equal("PrepareAbort 1/2", _shard.State);
    }

    [Fact]
    public void AnIdThatNobodyUsesIsForgotten()
    {
        var settings = new TransactionSettings { IdExpirationMs = 10_000, ExpirationCheckIntervalMs = 1_000 };
        var shard = new TransactionShard(settings);
        shard.Init();
        shard.Advance(9_500);
        Assert.Equal("Empty 1/0", shard.State);

        shard.Advance(1_000);

        Assert.Equal("TransactionalIdNotFound", shard.State);
        Assert.Null(shard.Log[^1].Value);
        shard.Restart();
        Assert.Equal("2/0", shard.Init());
    }

    [Fact]
    public void AnOpenTransactionKeepsItsId()
    {
        var settings = new TransactionSettings { IdExpirationMs = 10_000, ExpirationCheckIntervalMs = 1_000 };
        var shard = new TransactionShard(settings);
        shard.Init(timeoutMs: 900_000);
        shard.Add(epoch: 0);

        shard.Advance(20_000);

        Assert.Equal("Ongoing 1/0", shard.State);
    }
}
