using Millrace.Core.Groups;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>A partition as a share group reads it.</summary>
internal readonly record struct SharePartitionKey(string GroupId, Uuid TopicId, int Partition)
{
    /// <summary>
    /// Reads <c>group:topicId:partition</c>, the form in which clients ask for the coordinator of a share partition.
    /// </summary>
    public static bool TryParse(string text, out SharePartitionKey key)
    {
        key = default;
        var parts = text.Split(':');
        if (parts.Length != 3 || parts[0].Length == 0 || !Uuid.TryParse(parts[1], out var topicId)
            || !int.TryParse(parts[2], out var partition))
            return false;
        key = new SharePartitionKey(parts[0], topicId, partition);
        return true;
    }

    /// <summary>Which partition of __share_group_state keeps the state.</summary>
    public int StatePartition(int partitions) => GroupPartition.For(ToString(), partitions);

    public override string ToString() => $"{GroupId}:{TopicId}:{Partition}";
}
