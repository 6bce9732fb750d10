namespace Millrace.Unit.Core.Transactions;

/// <summary>Who owns a transactional id.</summary>
public sealed class InitProducerIdTests
{
    private readonly TransactionShard _shard = new();

    [Fact]
    public void WhoeverComesNextHasAHigherEpoch()
    {
        Assert.Equal("1/0", _shard.Init());
        Assert.Equal("1/1", _shard.Init());
    }

    [Fact]
    public void AProducerGoesOnWhileNobodyElseCame()
    {
        _shard.Init();

        Assert.Equal("1/1", _shard.Init(1, 0));
        Assert.Equal("1/1", _shard.Init(1, 0)); // the answer was lost
        Assert.Equal("1/2", _shard.Init(1, 1));
        Assert.Equal("ProducerFenced", _shard.Init(1, 0));
        Assert.Equal("ProducerFenced", _shard.Init(1, 9));
        Assert.Equal("ProducerFenced", _shard.Init(7, 2));

        Assert.Equal("1/3", _shard.Init());
        Assert.Equal("ProducerFenced", _shard.Init(1, 2));
    }

    [Fact]
    public void AnUnknownIdIsGivenToWhoeverNamesAProducer() => Assert.Equal("1/0", _shard.Init(77, 3));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(900_001)]
    public void ATimeoutHasItsLimits(int timeoutMs) =>
        Assert.Equal("InvalidTransactionTimeout", _shard.Init(timeoutMs: timeoutMs));

    [Fact]
    public void WhatIsOpenIsAbortedFirst()
    {
        _shard.Init();
        _shard.Add(epoch: 0);

        Assert.Equal("ConcurrentTransactions", _shard.Init());
        Assert.Equal("PrepareAbort 1/1", _shard.State);
        Assert.Equal("ConcurrentTransactions", _shard.Init());
        _shard.MarkersAreWritten();

        Assert.Equal("1/2", _shard.Init());
    }

    [Fact]
    public void ItsOwnProducerNeedsNoThirdEpoch()
    {
        _shard.Init();
        _shard.Add(epoch: 0);

        Assert.Equal("ConcurrentTransactions", _shard.Init(1, 0));
        _shard.MarkersAreWritten();

        Assert.Equal("1/1", _shard.Init(1, 0));
    }

    [Fact]
    public void AFencedProducerDoesNotAbortWhatItsSuccessorHasOpen()
    {
        _shard.Init();
        _shard.Init();
        _shard.Init();
        _shard.Add(epoch: 2);

        Assert.Equal("ProducerFenced", _shard.Init(1, 0));
        Assert.Equal("Ongoing 1/2", _shard.State);
    }
}
