using Confluent.Kafka;
using ErrorCode = Millrace.Protocol.ErrorCode;

namespace Millrace.Integration.Faults;

/// <summary>All that a server gives of one partition.</summary>
/// <param name="Partition">Which one.</param>
internal sealed record PartitionReading(TopicPartition Partition)
{
    /// <summary>What stands at each offset that is served: key, value and timestamp.</summary>
    public SortedDictionary<long, string> Records { get; } = [];

    /// <summary>The offsets at which a reader is told of an error.</summary>
    public SortedDictionary<long, ErrorCode> Refused { get; } = [];

    /// <summary>Why the partition can't be read at all; None if it can.</summary>
    public ErrorCode Error { get; set; }

    /// <summary>The log's end as a client hears it.</summary>
    public long End { get; set; } = -1;

    public string Folder => $"{Partition.Topic}-{Partition.Partition.Value}";
}
