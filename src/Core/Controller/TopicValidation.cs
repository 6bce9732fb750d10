using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Controller;

/// <summary>Whether a topic may be created: its name, counts, assignment and settings, in Kafka's order.</summary>
internal sealed class TopicValidation(BrokerSettings settings)
{
    public int PartitionCount(CreateTopicsRequest.CreatableTopic topic) =>
        topic.Assignments.Count > 0 ? topic.Assignments.Count
        : topic.NumPartitions == -1 ? settings.Int("num.partitions")
        : topic.NumPartitions;

    /// <summary>Null when the topic may be created.</summary>
    public Verdict? WhatIsWrong(CreateTopicsRequest.CreatableTopic topic, ClusterImage image)
    {
        if (topic.Name == TopicName.ClusterMetadata)
            return new Verdict(ErrorCode.InvalidRequest, "The metadata log is no topic.");
        if (TopicName.WhatIsWrong(topic.Name) is { } problem)
            return new Verdict(ErrorCode.InvalidTopic, $"The topic name is invalid: {problem}.");
        if (image.Find(topic.Name) is not null)
            return new Verdict(ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        if (image.Topics.Names.FirstOrDefault(name => TopicName.Collide(name, topic.Name)) is { } other)
        {
            return new Verdict(ErrorCode.InvalidTopic,
                $"'{topic.Name}' collides with '{other}': '.' and '_' can't be told apart in metrics.");
        }

        return (topic.Assignments.Count > 0 ? AssignmentProblem(topic) : CountProblem(topic))
            ?? ConfigProblem(topic, image);
    }

    private Verdict? CountProblem(CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.NumPartitions is 0 or < -1)
            return new Verdict(ErrorCode.InvalidPartitions, "The number of partitions must be at least 1, or -1.");
        if (topic.ReplicationFactor is 0 or < -1)
        {
            return new Verdict(ErrorCode.InvalidReplicationFactor,
                "The replication factor must be at least 1, or -1 for the default.");
        }

        var isDefault = topic.ReplicationFactor == -1;
        var factor = isDefault ? settings.Int("default.replication.factor") : topic.ReplicationFactor;
        return factor > 1
            ? new Verdict(ErrorCode.InvalidReplicationFactor,
                $"The replication factor is {factor}, and there is one broker.")
            : null;
    }

    private Verdict? AssignmentProblem(CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.NumPartitions != -1 || topic.ReplicationFactor != -1)
        {
            return new Verdict(ErrorCode.InvalidRequest,
                "With a replica assignment the numbers of partitions and replicas must both be -1.");
        }

        var numbers = topic.Assignments.Select(assignment => assignment.PartitionIndex).Order();
        if (!numbers.SequenceEqual(Enumerable.Range(0, topic.Assignments.Count)))
            return new Verdict(ErrorCode.InvalidReplicaAssignment, "The partitions are not numbered 0, 1, 2 ...");
        return topic.Assignments.Any(assignment => assignment.BrokerIds is not [var only] || only != settings.NodeId)
            ? new Verdict(ErrorCode.InvalidReplicaAssignment, $"The only broker is {settings.NodeId}.")
            : null;
    }

    private Verdict? ConfigProblem(CreateTopicsRequest.CreatableTopic topic, ClusterImage image)
    {
        foreach (var config in topic.Configs)
        {
            if (ConfigProblem(config.Name, config.Value) is { } problem)
                return problem;
        }

        return LagProblem(image.Configs, topic.Configs.GroupBy(config => config.Name)
            .ToImmutableSortedDictionary(group => group.Key, group => group.Last().Value!));
    }

    /// <summary>Null when a topic may have the setting.</summary>
    public static Verdict? ConfigProblem(string name, string? value)
    {
        if (TopicConfigs.Find(name) is not { } definition)
            return new Verdict(ErrorCode.InvalidConfig, $"Unknown topic config name: {name}.");
        return definition.WhatIsWrong(value) is { } problem
            ? new Verdict(ErrorCode.InvalidConfig, $"Invalid value {value} for configuration {name}: it {problem}.")
            : null;
    }

    /// <summary>Null when the settings, each legal, go together.</summary>
    public Verdict? LagProblem(ConfigsImage cluster, ImmutableSortedDictionary<string, string> own)
    {
        var least = long.Parse(EffectiveConfigs.Text("min.compaction.lag.ms", settings, cluster, own));
        var most = long.Parse(EffectiveConfigs.Text("max.compaction.lag.ms", settings, cluster, own));
        return least > most
            ? new Verdict(ErrorCode.InvalidConfig,
                $"min.compaction.lag.ms ({least}) must not exceed max.compaction.lag.ms ({most}).")
            : null;
    }
}
