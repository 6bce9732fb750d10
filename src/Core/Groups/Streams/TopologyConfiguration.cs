using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Subtopology = Millrace.Protocol.Messages.StreamsGroupTopologyValue.Subtopology;
using TopicInfo = Millrace.Protocol.Messages.StreamsGroupTopologyValue.TopicInfo;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// Finds out how many partitions the internal topics of an application need, which of them are missing, and how many
/// tasks there are (KIP-1071). Used once for one topology and one state of the topics.
/// </summary>
internal sealed class TopologyConfiguration(StreamsTopology topology, TopicsImage topics)
{
    private const int MostNamed = 3;

    private readonly Dictionary<string, int> _decided = [];

    public ConfiguredTopology Configure() =>
        MissingSources() ?? DecideRepartitionTopics() ?? Copartition() ?? DecideChangelogs() ?? Configured();

    /// <summary>The number of partitions that a topic has or is to have; 0 if that is not known.</summary>
    private int CountOf(string topic) =>
        topics.Find(topic)?.Partitions.Length ?? _decided.GetValueOrDefault(topic);

    private ConfiguredTopology? MissingSources()
    {
        var missing = topology.Subtopologies.SelectMany(sub => sub.SourceTopics)
            .Where(topic => topics.Find(topic) is null).Distinct().Order(StringComparer.Ordinal).ToList();
        return missing.Count == 0 ? null
            : Trouble(StreamsStatus.MissingSourceTopics, $"Source topics are missing: {Named(missing)}.");
    }

    /// <summary>
    /// A repartition topic without a number of its own gets that of the widest source of who writes it, which may be a
    /// repartition topic too.
    /// </summary>
    private ConfiguredTopology? DecideRepartitionTopics()
    {
        var counts = new Dictionary<string, int>();
        foreach (var topic in topology.Subtopologies.SelectMany(sub => sub.RepartitionSourceTopics))
            if (topic.Partitions < 0)
                return new(topology.Epoch, None) { Refusal = ErrorCode.UnknownServerError };
            else if (topic.Partitions > 0)
                counts[topic.Name] = topic.Partitions;
        bool isWhole, hasMoved;
        do
        {
            (isWhole, hasMoved) = (true, false);
            foreach (var sub in topology.Subtopologies)
                foreach (var sink in sub.RepartitionSinkTopics.Where(sink => !counts.ContainsKey(sink)))
                {
                    var widest = sub.SourceTopics.Select(CountOf)
                        .Concat(sub.RepartitionSourceTopics.Select(source => counts.GetValueOrDefault(source.Name)))
                        .DefaultIfEmpty().Max();
                    if (widest > 0)
                        counts[sink] = widest;
                    isWhole &= widest > 0;
                    hasMoved |= widest > 0;
                }
        }
        while (!isWhole && hasMoved);
        if (!isWhole)
            return Refuse("The partitions of repartition topics can't be told: the topology may have a loop.");
        if (topology.Subtopologies.SelectMany(sub => sub.RepartitionSourceTopics)
            .FirstOrDefault(topic => !counts.ContainsKey(topic.Name)) is { } unwritten)
            return Refuse($"The repartition topic {unwritten.Name} is read but never written.");
        foreach (var (name, count) in counts)
            _decided[name] = count;
        return null;
    }

    private ConfiguredTopology? Copartition()
    {
        foreach (var sub in topology.Subtopologies)
            foreach (var group in sub.CopartitionGroups)
            {
                if (!group.SourceTopics.All(index => IsIndex(index, sub.SourceTopics.Count))
                    || !group.RepartitionSourceTopics.All(index => IsIndex(index, sub.RepartitionSourceTopics.Count)))
                    return new(topology.Epoch, None) { Refusal = ErrorCode.UnknownServerError };
                var problem = Copartition(
                    [.. group.SourceTopics.Select(index => sub.SourceTopics[index]).Distinct()],
                    [.. group.RepartitionSourceTopics.Select(index => sub.RepartitionSourceTopics[index])]);
                if (problem is not null)
                    return problem;
            }

        return null;
    }

    /// <summary>
    /// The topics must have as many partitions each. Repartition topics without a number of their own follow those that
    /// have one, or else the widest of them.
    /// </summary>
    private ConfiguredTopology? Copartition(List<string> sources, List<TopicInfo> repartitionTopics)
    {
        var repartition = repartitionTopics.Select(topic => topic.Name).ToHashSet();
        var leading = sources.Where(source => !repartition.Contains(source))
            .Concat(repartitionTopics.Where(topic => topic.Partitions != 0).Select(topic => topic.Name))
            .ToList();
        var count = leading.Count > 0
            ? CountOf(leading[0])
            : repartition.Select(CountOf).DefaultIfEmpty().Max();
        if (leading.Any(topic => CountOf(topic) != count))
            return Trouble(StreamsStatus.IncorrectlyPartitionedTopics,
                "These topics must have as many partitions each: "
                + string.Join(", ", leading.Select(topic => $"{topic} ({CountOf(topic)})")) + ".");
        foreach (var topic in repartition)
            _decided[topic] = count;
        return null;
    }

    /// <summary>A changelog has a partition for each task.</summary>
    private ConfiguredTopology? DecideChangelogs()
    {
        foreach (var sub in topology.Subtopologies)
        {
            if (!StreamsTopology.SourcesOf(sub).Any())
                return Refuse($"The subtopology {sub.SubtopologyId} has no sources.");
            foreach (var changelog in sub.StateChangelogTopics)
                _decided[changelog.Name] = TasksOf(sub);
        }

        return null;
    }

    private ConfiguredTopology Configured()
    {
        var subtopologies = topology.Subtopologies.ToImmutableSortedDictionary(
            sub => sub.SubtopologyId, sub => new ConfiguredSubtopology(TasksOf(sub), WithCounts(sub)),
            StringComparer.Ordinal);
        var wanted = new SortedDictionary<string, TopicInfo>(StringComparer.Ordinal);
        foreach (var topic in subtopologies.Values.SelectMany(
            sub => sub.Topics.RepartitionSourceTopics.Concat(sub.Topics.StateChangelogTopics)))
            wanted[topic.Name] = topic;
        foreach (var topic in wanted.Values)
            if (topics.Find(topic.Name) is { } present && present.Partitions.Length != topic.Partitions)
                return Trouble(StreamsStatus.IncorrectlyPartitionedTopics,
                    $"The topic {topic.Name} must have {topic.Partitions} partitions, "
                    + $"not {present.Partitions.Length}.");
        var missing = wanted.Values.Where(topic => topics.Find(topic.Name) is null).ToList();
        return missing.Count == 0 ? new(topology.Epoch, subtopologies) : new(topology.Epoch, subtopologies)
        {
            Problem = StreamsStatus.MissingInternalTopics,
            Detail = $"Internal topics are missing: {Named(missing.ConvertAll(topic => topic.Name))}.",
            MissingTopics = missing.ConvertAll(Creatable),
        };
    }

    private int TasksOf(Subtopology sub) => StreamsTopology.SourcesOf(sub).Max(CountOf);

    private Subtopology WithCounts(Subtopology sub) => new()
    {
        SubtopologyId = sub.SubtopologyId,
        SourceTopics = sub.SourceTopics,
        SourceTopicRegex = sub.SourceTopicRegex,
        StateChangelogTopics = sub.StateChangelogTopics.ConvertAll(WithCount),
        RepartitionSinkTopics = sub.RepartitionSinkTopics,
        RepartitionSourceTopics = sub.RepartitionSourceTopics.ConvertAll(WithCount),
        CopartitionGroups = sub.CopartitionGroups,
    };

    private TopicInfo WithCount(TopicInfo topic) => new()
    {
        Name = topic.Name,
        Partitions = topic.Partitions != 0 ? topic.Partitions : _decided[topic.Name],
        ReplicationFactor = topic.ReplicationFactor,
        TopicConfigs = topic.TopicConfigs,
    };

    private static CreateTopicsRequest.CreatableTopic Creatable(TopicInfo topic) => new()
    {
        Name = topic.Name,
        NumPartitions = topic.Partitions,
        ReplicationFactor = topic.ReplicationFactor != 0 ? topic.ReplicationFactor : (short)-1,
        Configs = topic.TopicConfigs.ConvertAll(
            config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Key, Value = config.Value }),
    };

    private static bool IsIndex(short index, int count) => index >= 0 && index < count;

    private static ImmutableSortedDictionary<string, ConfiguredSubtopology> None { get; } =
        ImmutableSortedDictionary.Create<string, ConfiguredSubtopology>(StringComparer.Ordinal);

    private ConfiguredTopology Trouble(StreamsStatus problem, string detail) =>
        new(topology.Epoch, None) { Problem = problem, Detail = detail };

    private ConfiguredTopology Refuse(string detail) =>
        new(topology.Epoch, None) { Refusal = ErrorCode.StreamsInvalidTopology, Detail = detail };

    private static string Named(List<string> names) =>
        string.Join(", ", names.Take(MostNamed))
        + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
}
