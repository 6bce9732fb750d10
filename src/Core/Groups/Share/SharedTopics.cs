using System.Collections.Immutable;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// The partitions whose state the share coordinator is to begin, has begun, and is to delete; by topic id.
/// </summary>
internal sealed record SharedTopics(
    ImmutableDictionary<Uuid, SharedTopic> Initializing,
    ImmutableDictionary<Uuid, SharedTopic> Initialized,
    ImmutableDictionary<Uuid, string> Deleting)
{
    public static readonly SharedTopics None = new(
        ImmutableDictionary<Uuid, SharedTopic>.Empty,
        ImmutableDictionary<Uuid, SharedTopic>.Empty,
        ImmutableDictionary<Uuid, string>.Empty);

    public SharedTopics Initialize(IEnumerable<SharedTopic> topics) =>
        this with { Initializing = topics.Aggregate(Initializing, Add) };

    /// <summary>The states were begun.</summary>
    public SharedTopics Complete(IEnumerable<SharedTopic> topics)
    {
        var (initializing, initialized) = (Initializing, Initialized);
        foreach (var topic in topics)
        {
            if (initializing.TryGetValue(topic.TopicId, out var open))
            {
                var left = open.Partitions.Except(topic.Partitions);
                initializing = left.IsEmpty
                    ? initializing.Remove(topic.TopicId)
                    : initializing.SetItem(topic.TopicId, open with { Partitions = left });
            }

            initialized = Add(initialized, topic);
        }

        return this with { Initializing = initializing, Initialized = initialized };
    }

    public SharedTopics Delete(IEnumerable<SharedTopic> topics) => topics.Aggregate(this, (all, topic) => new(
        all.Initializing.Remove(topic.TopicId),
        all.Initialized.Remove(topic.TopicId),
        all.Deleting.SetItem(topic.TopicId, topic.Name)));

    /// <summary>The states were deleted.</summary>
    public SharedTopics Forget(IEnumerable<Uuid> topicIds) => this with { Deleting = Deleting.RemoveRange(topicIds) };

    private static ImmutableDictionary<Uuid, SharedTopic> Add(
        ImmutableDictionary<Uuid, SharedTopic> topics, SharedTopic topic) =>
        topics.SetItem(topic.TopicId, topics.TryGetValue(topic.TopicId, out var present)
            ? present with { Partitions = present.Partitions.Union(topic.Partitions) }
            : topic);
}
