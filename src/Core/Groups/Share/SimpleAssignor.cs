using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// The assignor of share groups: each partition of a topic has a member that subscribes to it, each such member has a
/// partition, and none more than it must.
/// </summary>
internal static class SimpleAssignor
{
    public const string Name = "simple";

    /// <param name="members">Members with the topics that they subscribe to, in ordinal order of their ids.</param>
    /// <param name="topics">The topics and their partitions, in an order that stays.</param>
    public static Dictionary<string, ImmutableSortedSet<TopicIdPartition>> Assign(
        IReadOnlyList<ShareMember> members, IReadOnlyList<SharedTopic> topics)
    {
        var assigned = members.ToDictionary(
            member => member.MemberId, _ => ImmutableSortedSet.CreateBuilder<TopicIdPartition>());
        var turn = 0; // goes on from topic to topic, so that many small ones do not all fall to the first member
        foreach (var topic in topics)
        {
            var subscribed = members.Where(member => member.SubscribedTopicNames.Contains(topic.Name)).ToList();
            if (subscribed.Count == 0 || topic.Partitions.IsEmpty)
                continue;
            for (var i = 0; i < Math.Max(subscribed.Count, topic.Partitions.Count); i++)
            {
                var member = subscribed[turn++ % subscribed.Count];
                var partition = topic.Partitions[i % topic.Partitions.Count];
                assigned[member.MemberId].Add(new TopicIdPartition(topic.TopicId, partition));
            }
        }

        return assigned.ToDictionary(member => member.Key, member => member.Value.ToImmutable());
    }
}
