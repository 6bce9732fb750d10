namespace Millrace.Unit.Core.Transactions;

/// <summary>A coordinator that begins with the log of another.</summary>
public sealed class TransactionRecoveryTests
{
    private readonly TransactionShard _shard = new();

    [Fact]
    public void AnIdGoesOn()
    {
        _shard.Init();
        _shard.Restart();

        Assert.Equal("Empty 1/0", _shard.State);
        Assert.Equal("1/1", _shard.Init());
    }

    [Fact]
    public void AnOpenTransactionGoesOnAndEndsInTime()
    {
        _shard.Init(timeoutMs: 1_000);
        _shard.Add(epoch: 0);
        _shard.Restart();

        Assert.Equal("Ongoing 1/0", _shard.State);
        Assert.Empty(_shard.Sent);
        _shard.Advance(1_000);
        Assert.Equal("PrepareAbort 1/1", _shard.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ADecidedEndIsBroughtAbout(bool commit)
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0, commit);
        _shard.Restart();

        var sent = Assert.Single(_shard.Sent);
        Assert.Equal(commit, sent.IsCommit);
        Assert.Equal(1, sent.Producer.Epoch);
        Assert.Equal([TransactionShard.Orders], sent.Partitions);
        _shard.MarkersAreWritten();
        Assert.Equal($"Complete{(commit ? "Commit" : "Abort")} 1/1", _shard.State);
    }

    [Fact]
    public void ACompletedOneIsNotEndedAgain()
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0);
        _shard.MarkersAreWritten();
        _shard.Restart();

        Assert.Empty(_shard.Sent);
        Assert.Equal("CompleteCommit 1/1", _shard.State);
        Assert.Equal("1/1", _shard.End(epoch: 0)); // the answer was lost
    }

    [Fact]
    public void MarkersOfAnEarlierTransactionCompleteNothing()
    {
        _shard.Init();
        _shard.Add(epoch: 0);
        _shard.End(epoch: 0);
        var earlier = _shard.Sent[^1];
        _shard.MarkersAreWritten();
        _shard.Add(epoch: 1);
        _shard.End(epoch: 1);

        _shard.Sent.Add(earlier);
        _shard.MarkersAreWritten();

        Assert.Equal("PrepareCommit 1/2", _shard.State);
    }
}
