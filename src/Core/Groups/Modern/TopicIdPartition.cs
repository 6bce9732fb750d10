using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Modern;

/// <summary>A partition by its topic's id, which no later topic of the same name has.</summary>
internal readonly record struct TopicIdPartition(Uuid TopicId, int Partition) : IComparable<TopicIdPartition>
{
    public int CompareTo(TopicIdPartition other)
    {
        var order = TopicId.High.CompareTo(other.TopicId.High);
        if (order == 0)
            order = TopicId.Low.CompareTo(other.TopicId.Low);
        return order != 0 ? order : Partition.CompareTo(other.Partition);
    }
}
