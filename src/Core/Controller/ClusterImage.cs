using System.Collections.Immutable;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>A partition as the cluster's metadata has it.</summary>
internal sealed record PartitionImage(
    int Leader, LeaderEpoch LeaderEpoch, ImmutableArray<int> Replicas, ImmutableArray<int> Isr);

/// <summary>A topic: its partitions by number, and the settings that it has of its own.</summary>
internal sealed record TopicImage(
    string Name, Uuid Id, ImmutableArray<PartitionImage> Partitions, ImmutableSortedDictionary<string, string> Configs);

/// <summary>
/// All metadata of the cluster at one offset of the metadata log. Immutable: readers keep one as long as they like.
/// </summary>
internal sealed record ClusterImage(
    ImmutableDictionary<string, TopicImage> Topics, ImmutableDictionary<Uuid, string> NamesById, long NextProducerId)
{
    public static readonly ClusterImage Empty = new(
        ImmutableDictionary.Create<string, TopicImage>(StringComparer.Ordinal),
        ImmutableDictionary<Uuid, string>.Empty,
        0);

    public TopicImage? Find(string name) => Topics.GetValueOrDefault(name);

    public TopicImage? Find(Uuid id) => NamesById.TryGetValue(id, out var name) ? Topics[name] : null;

    public ClusterImage With(TopicImage topic) =>
        this with { Topics = Topics.SetItem(topic.Name, topic), NamesById = NamesById.SetItem(topic.Id, topic.Name) };

    public ClusterImage Without(TopicImage topic) =>
        this with { Topics = Topics.Remove(topic.Name), NamesById = NamesById.Remove(topic.Id) };
}
