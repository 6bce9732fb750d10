using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// Each member gets a range of each topic that it subscribes to. The partitions of one number of topics with the same
/// subscribers and as many partitions go to one member. Static members come first, by their instance ids, so that who
/// comes back gets the same.
/// </summary>
internal sealed class RangeAssignor : IPartitionAssignor
{
    public string Name => "range";

    public Dictionary<string, ImmutableSortedSet<TopicIdPartition>> Assign(
        IReadOnlyList<AssignedMember> members, IReadOnlyDictionary<Uuid, int> partitions)
    {
        var assigned = members.ToDictionary(
            member => member.MemberId, _ => ImmutableSortedSet.CreateBuilder<TopicIdPartition>());
        var inOrder = members.OrderBy(member => member.InstanceId is null)
            .ThenBy(member => member.InstanceId ?? member.MemberId, StringComparer.Ordinal).ToList();
        foreach (var (topic, count) in partitions)
        {
            var subscribers = inOrder.Where(member => member.Topics.Contains(topic)).ToList();
            var next = 0;
            for (var i = 0; i < subscribers.Count; i++)
            {
                var size = count / subscribers.Count + (i < count % subscribers.Count ? 1 : 0);
                for (var end = next + size; next < end; next++)
                    assigned[subscribers[i].MemberId].Add(new TopicIdPartition(topic, next));
            }
        }

        return assigned.ToDictionary(member => member.Key, member => member.Value.ToImmutable());
    }
}
