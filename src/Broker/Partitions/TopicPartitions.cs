using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>A topic of which this node leads partitions.</summary>
internal sealed record HostedTopic(string Name, Uuid Id, ImmutableArray<Partition> Partitions)
{
    public bool IsInternal => TopicName.IsInternal(Name);
}

/// <summary>
/// The topics of this node, by name and by id. Readers see one immutable state; the metadata publisher alone swaps it.
/// </summary>
internal sealed class TopicPartitions
{
    private volatile State _state = new(
        ImmutableSortedDictionary.Create<string, HostedTopic>(StringComparer.Ordinal),
        ImmutableDictionary<Uuid, HostedTopic>.Empty);

    /// <summary>Another object when anything has changed: what was found before is to be looked up again.</summary>
    public object Generation => _state;

    /// <summary>Where its partitions say that they have changed.</summary>
    public UnsettledPartitions Unsettled { get; } = new();

    /// <summary>In the order of the names: what is done for each is done in the same order in every process.</summary>
    public IEnumerable<HostedTopic> Topics => _state.ByName.Values;

    public HostedTopic? Find(string name) => _state.ByName.GetValueOrDefault(name);

    public HostedTopic? Find(Uuid id) => _state.ById.GetValueOrDefault(id);

    public Partition? Find(string topic, int partition) => Find(Find(topic), partition);

    public static Partition? Find(HostedTopic? topic, int partition) =>
        topic is not null && (uint)partition < (uint)topic.Partitions.Length ? topic.Partitions[partition] : null;

    public void Set(HostedTopic topic) =>
        _state = new State(_state.ByName.SetItem(topic.Name, topic), _state.ById.SetItem(topic.Id, topic));

    public void Remove(HostedTopic topic) =>
        _state = new State(_state.ByName.Remove(topic.Name), _state.ById.Remove(topic.Id));

    private sealed record State(
        ImmutableSortedDictionary<string, HostedTopic> ByName, ImmutableDictionary<Uuid, HostedTopic> ById);
}
