using Millrace.Bench.Wire;

namespace Millrace.Bench.Load;

/// <summary>The partitions that one connection of a load serves, all led by one broker.</summary>
internal sealed record Placement(BrokerAddress Broker, IReadOnlyList<PartitionLeader> Partitions)
{
    /// <summary>
    /// Deals a topic's partitions to connections: to each broker as many as to the others, give or take one. Partitions
    /// are shared where connections are more.
    /// </summary>
    /// <exception cref="BenchException">There are more brokers than connections.</exception>
    public static List<Placement> Deal(TopicPartitions topic, int connections)
    {
        var leaders = topic.Partitions.GroupBy(partition => partition.Broker).ToList();
        if (leaders.Count > connections)
        {
            throw new BenchException(
                $"{topic.Name} is led by {leaders.Count} brokers; give --connections {leaders.Count} or more.");
        }

        var placements = new List<Placement>();
        for (var i = 0; i < connections; i++)
        {
            var partitions = leaders[i % leaders.Count].ToList();
            var place = i / leaders.Count;
            var places = (connections - (i % leaders.Count) + leaders.Count - 1) / leaders.Count;
            var own = places >= partitions.Count
                ? [partitions[place % partitions.Count]]
                : partitions.Where((_, index) => index % places == place).ToList();
            placements.Add(new Placement(leaders[i % leaders.Count].Key, own));
        }

        return placements;
    }
}
