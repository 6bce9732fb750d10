using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>A topic as its cluster describes it.</summary>
internal sealed record TopicPartitions(string Name, Uuid Id, IReadOnlyList<PartitionLeader> Partitions);

/// <summary>A partition and the broker that leads it.</summary>
internal sealed record PartitionLeader(int Index, BrokerAddress Broker);
