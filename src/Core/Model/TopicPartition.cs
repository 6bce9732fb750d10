namespace Millrace.Core.Model;

/// <summary>A partition of a topic, by the topic's name.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The name of the partition's directory, as Kafka lays it out.</summary>
    public override string ToString() => $"{Topic}-{Partition}";
}
