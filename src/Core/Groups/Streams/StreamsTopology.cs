using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// What an application is made of: subtopologies, and the topics through which they are connected with the world and
/// each other. Immutable. The ids of its subtopologies differ.
/// </summary>
internal sealed class StreamsTopology
{
    private readonly Dictionary<string, string> _subtopologiesBySource = [];
    private readonly byte[] _bytes;

    public StreamsTopology(StreamsGroupTopologyValue value)
    {
        Value = value;
        Subtopologies = [.. value.Subtopologies.OrderBy(sub => sub.SubtopologyId, StringComparer.Ordinal)];
        RequiredTopics = ModernMember.NoNames.Union(Subtopologies.SelectMany(
            sub => SourcesOf(sub).Concat(sub.StateChangelogTopics.Select(topic => topic.Name))));
        foreach (var sub in Subtopologies)
            foreach (var source in SourcesOf(sub))
                _subtopologiesBySource[source] = sub.SubtopologyId;
        using var writer = new WireWriter();
        new StreamsGroupTopologyValue { Epoch = value.Epoch, Subtopologies = [.. Subtopologies] }.Write(writer, 0);
        _bytes = writer.Written.ToArray();
    }

    /// <summary>As it is recorded.</summary>
    public StreamsGroupTopologyValue Value { get; }

    public int Epoch => Value.Epoch;

    /// <summary>By their ids in ordinal order.</summary>
    public IReadOnlyList<StreamsGroupTopologyValue.Subtopology> Subtopologies { get; }

    /// <summary>All that must be there: sources, repartition topics, changelogs.</summary>
    public ImmutableSortedSet<string> RequiredTopics { get; }

    /// <summary>Whether they are the same, in whatever order the subtopologies were named.</summary>
    public bool IsSameAs(StreamsTopology other) => _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <summary>The subtopology that reads the topic; null if none does.</summary>
    public string? ReaderOf(string topic) => _subtopologiesBySource.GetValueOrDefault(topic);

    /// <summary>All that a subtopology reads: topics of others, and repartition topics of the application.</summary>
    public static IEnumerable<string> SourcesOf(StreamsGroupTopologyValue.Subtopology subtopology) =>
        subtopology.SourceTopics.Concat(subtopology.RepartitionSourceTopics.Select(topic => topic.Name));

    public static StreamsGroupTopologyValue ValueOf(StreamsGroupHeartbeatRequest.TopologyData topology) => new()
    {
        Epoch = topology.Epoch,
        Subtopologies = [.. topology.Subtopologies.Select(sub => new StreamsGroupTopologyValue.Subtopology
        {
            SubtopologyId = sub.SubtopologyId,
            SourceTopics = [.. sub.SourceTopics],
            SourceTopicRegex = [.. sub.SourceTopicRegex],
            StateChangelogTopics = [.. sub.StateChangelogTopics.Select(ValueOf)],
            RepartitionSinkTopics = [.. sub.RepartitionSinkTopics],
            RepartitionSourceTopics = [.. sub.RepartitionSourceTopics.Select(ValueOf)],
            CopartitionGroups = [.. sub.CopartitionGroups.Select(
                group => new StreamsGroupTopologyValue.CopartitionGroup
                {
                    SourceTopics = [.. group.SourceTopics],
                    SourceTopicRegex = [.. group.SourceTopicRegex],
                    RepartitionSourceTopics = [.. group.RepartitionSourceTopics],
                })],
        })],
    };

    private static StreamsGroupTopologyValue.TopicInfo ValueOf(StreamsGroupHeartbeatRequest.TopicInfo topic) => new()
    {
        Name = topic.Name,
        Partitions = topic.Partitions,
        ReplicationFactor = topic.ReplicationFactor,
        TopicConfigs = [.. topic.TopicConfigs.Select(
            config => new StreamsGroupTopologyValue.TopicConfig { Key = config.Key, Value = config.Value })],
    };
}
