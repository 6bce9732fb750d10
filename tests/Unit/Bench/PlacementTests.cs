using Millrace.Bench;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Bench;

public sealed class PlacementTests
{
    [Theory]
    [InlineData(1, 1, 1, "0")]
    [InlineData(1, 1, 3, "0 0 0")]
    [InlineData(1, 5, 2, "0,2,4 1,3")]
    [InlineData(1, 2, 3, "0 1 0")]
    [InlineData(2, 4, 2, "0,2 1,3")]
    [InlineData(2, 4, 3, "0 1,3 2")]
    [InlineData(3, 3, 5, "0 1 2 0 1")]
    public void Every_partition_has_a_connection(int brokers, int partitions, int connections, string expected) =>
        Assert.Equal(
            expected,
            string.Join(' ', Placement.Deal(Topic(brokers, partitions), connections)
                .Select(placement => string.Join(',', placement.Partitions.Select(partition => partition.Index)))));

    [Fact]
    public void A_connection_goes_to_the_leader_of_its_partitions() =>
        Assert.All(
            Placement.Deal(Topic(brokers: 3, partitions: 10), connections: 7),
            placement => Assert.All(
                placement.Partitions, partition => Assert.Equal(placement.Broker, partition.Broker)));

    [Fact]
    public void Fewer_connections_than_brokers_are_refused() =>
        Assert.Throws<BenchException>(() => Placement.Deal(Topic(brokers: 3, partitions: 3), connections: 2));

    private static TopicPartitions Topic(int brokers, int partitions) => new(
        "measured", Uuid.Zero,
        [
            .. Enumerable.Range(0, partitions)
                .Select(index => new PartitionLeader(index, new BrokerAddress("broker", 1 + (index % brokers)))),
        ]);
}
