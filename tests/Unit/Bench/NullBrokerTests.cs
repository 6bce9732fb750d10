using Millrace.Bench;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;

namespace Millrace.Unit.Bench;

/// <summary>The generator against a broker that stores nothing, both in this process.</summary>
public sealed class NullBrokerTests
{
    private static readonly BatchSpec Batch = new(RecordBytes: 100, BatchBytes: 1000);

    [Theory]
    [InlineData(1, 1, false, 0)]
    [InlineData(-1, 3, true, 0)]
    [InlineData(0, 2, false, 0)]
    [InlineData(-1, 2, true, 3)]
    public void Produces_and_finds_every_offset(short acks, int connections, bool isIdempotent, int transactionBatches)
    {
        using var broker = new NullBroker(partitions: 2);
        using var cluster = new Cluster(broker.Address);
        using var topic = BenchTopic.Open(cluster, null, partitions: 2);
        var options = new ProduceOptions(
            Batch with { IsTransactional = transactionBatches > 0 }, connections, InFlight: 5, acks)
        {
            WarmUp = TimeSpan.Zero,
            Bytes = 100_000,
            IsIdempotent = isIdempotent,
            TransactionBatches = transactionBatches,
        };

        var result = ProduceLoad.Run(cluster, topic.Topic, options, brokerPid: null);

        Assert.InRange(result.Counters.Bytes, 100_000, 100_000 + (1000 * connections));
        Assert.True(result.Counters.Records > 0);
        Assert.Equal(acks == 0 ? 0 : result.Counters.Requests, result.Counters.Latency.TotalCount);
    }

    [Fact]
    public void Fetches_and_finds_every_offset()
    {
        using var broker = new NullBroker(partitions: 2, Batch.Build(seed: 0, timestampMs: 0));
        using var cluster = new Cluster(broker.Address);
        using var topic = BenchTopic.Open(cluster, null, partitions: 2);
        var options = new FetchOptions(Connections: 1, FetchBytes: 10_000)
        {
            WarmUp = TimeSpan.Zero, Bytes = 100_000, ChecksCrc = true,
        };

        var result = FetchLoad.Run(cluster, topic.Topic, options, brokerPid: null);

        Assert.InRange(result.Counters.Bytes, 90_000, 110_000);
    }

    [Fact]
    public void Nothing_to_fetch_is_told()
    {
        using var broker = new NullBroker(partitions: 1);
        using var cluster = new Cluster(broker.Address);
        using var topic = BenchTopic.Open(cluster, null);

        Assert.Throws<BenchException>(
            () => FetchLoad.Run(cluster, topic.Topic, new FetchOptions(1, 1000), brokerPid: null));
    }
}
