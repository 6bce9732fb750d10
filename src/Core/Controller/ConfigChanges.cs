using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// What requests to change settings while the broker runs come to (KIP-339). A resource's changes are granted all or
/// none, and each is judged by what the settings then are. Topics and groups only: what brokers and client metrics were
/// given by Kafka is kept as it is.
/// </summary>
internal sealed class ConfigChanges(BrokerSettings settings)
{
    private readonly TopicValidation _validation = new(settings);

    private enum Operation : sbyte
    {
        Set = 0,
        Delete = 1,
        Append = 2,
        Subtract = 3,
    }

    public IncrementalAlterConfigsResponse Alter(
        IncrementalAlterConfigsRequest request, ClusterImage image, List<IMessage> records)
    {
        var response = new IncrementalAlterConfigsResponse();
        var twice = Repeated(request.Resources.Select(resource => (resource.ResourceType, resource.ResourceName)));
        foreach (var resource in request.Resources)
        {
            var decided = new List<IMessage>();
            var names = resource.Configs.Select(config => config.Name);
            var verdict = Refusal((resource.ResourceType, resource.ResourceName), twice, names, image)
                ?? (resource.ResourceType == (sbyte)ConfigResource.Group
                    ? AlterGroup(resource.ResourceName, resource.Configs, image.Configs, decided)
                    : Alter(image.Find(resource.ResourceName)!, resource.Configs, image.Configs, decided));
            if (verdict.ErrorCode == ErrorCode.None && !request.ValidateOnly)
                records.AddRange(decided);
            response.Responses.Add(new()
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                ErrorCode = verdict.ErrorCode,
                ErrorMessage = verdict.Message,
            });
        }

        return response;
    }

    public AlterConfigsResponse Alter(AlterConfigsRequest request, ClusterImage image, List<IMessage> records)
    {
        var response = new AlterConfigsResponse();
        var twice = Repeated(request.Resources.Select(resource => (resource.ResourceType, resource.ResourceName)));
        foreach (var resource in request.Resources)
        {
            var decided = new List<IMessage>();
            var names = resource.Configs.Select(config => config.Name);
            var verdict = Refusal((resource.ResourceType, resource.ResourceName), twice, names, image)
                ?? (resource.ResourceType == (sbyte)ConfigResource.Group
                    ? ReplaceGroup(resource.ResourceName, resource.Configs, image.Configs, decided)
                    : Replace(image.Find(resource.ResourceName)!, resource.Configs, image.Configs, decided));
            if (verdict.ErrorCode == ErrorCode.None && !request.ValidateOnly)
                records.AddRange(decided);
            response.Responses.Add(new()
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                ErrorCode = verdict.ErrorCode,
                ErrorMessage = verdict.Message,
            });
        }

        return response;
    }

    private static HashSet<T> Repeated<T>(IEnumerable<T> items) =>
        [.. items.GroupBy(item => item).Where(group => group.Count() > 1).Select(group => group.Key)];

    private static Verdict? Refusal(
        (sbyte Type, string Name) resource, HashSet<(sbyte, string)> twice, IEnumerable<string> names,
        ClusterImage image)
    {
        if (twice.Contains(resource))
            return new Verdict(ErrorCode.InvalidRequest, "The resource is named more than once in the request.");
        if (Repeated(names).FirstOrDefault() is { } name)
            return new Verdict(ErrorCode.InvalidRequest, $"{name} is named more than once for one resource.");
        return (ConfigResource)resource.Type switch
        {
            ConfigResource.Topic => image.Find(resource.Name) is null
                ? new Verdict(ErrorCode.UnknownTopicOrPartition, $"The topic '{resource.Name}' does not exist.")
                : null,
            ConfigResource.Broker => new Verdict(ErrorCode.InvalidRequest,
                "Settings of brokers can't be changed while they run: give them to the server at its start."),
            ConfigResource.Group => resource.Name.Length == 0
                ? new Verdict(ErrorCode.InvalidRequest, "A group without a name has no settings.")
                : null,
            ConfigResource.BrokerLogger or ConfigResource.ClientMetrics =>
                new Verdict(ErrorCode.InvalidRequest, "Settings of loggers and client metrics can't be changed."),
            _ => new Verdict(ErrorCode.InvalidRequest, $"Resource type {resource.Type} is unknown."),
        };
    }

    private Verdict Alter(
        TopicImage topic, List<IncrementalAlterConfigsRequest.AlterableConfig> configs, ConfigsImage cluster,
        List<IMessage> records)
    {
        var after = topic.Configs;
        return Apply(
            ref after, configs, TopicConfigs.Find, TopicValidation.ConfigProblem,
            (name, own) => EffectiveConfigs.Text(name, settings, cluster, own))
            ?? Decide(topic, after, cluster, records);
    }

    private Verdict AlterGroup(
        string groupId, List<IncrementalAlterConfigsRequest.AlterableConfig> configs, ConfigsImage cluster,
        List<IMessage> records)
    {
        var after = cluster.Of(ConfigResource.Group, groupId);
        return Apply(
            ref after, configs, GroupConfigs.Find, GroupProblem,
            (name, own) => EffectiveConfigs.Of(GroupConfigs.Find(name)!, settings, cluster, own).Value!)
            ?? DecideGroup(groupId, after, cluster, records);
    }

    /// <summary>What the operations make of a resource's own settings; null if all are possible.</summary>
    private static Verdict? Apply(
        ref ImmutableSortedDictionary<string, string> after,
        List<IncrementalAlterConfigsRequest.AlterableConfig> configs,
        Func<string, ConfigDefinition?> find,
        Func<string, string, Verdict?> problemOf,
        Func<string, ImmutableSortedDictionary<string, string>, string> textOf)
    {
        foreach (var config in configs)
        {
            var operation = (Operation)config.ConfigOperation;
            if (!Enum.IsDefined(operation))
                return new Verdict(ErrorCode.UnknownServerError, null);
            if (operation == Operation.Delete)
            {
                after = after.Remove(config.Name);
                continue;
            }

            if (config.Value is not { } value)
                return new Verdict(ErrorCode.InvalidRequest, $"{config.Name} has no value.");
            if (operation != Operation.Set)
            {
                if (find(config.Name) is not { Type: ConfigType.List })
                    return new Verdict(ErrorCode.InvalidConfig, $"{config.Name} is not a list.");
                var items = ConfigText.Items(textOf(config.Name, after));
                value = string.Join(',', operation == Operation.Append
                    ? items.Union(ConfigText.Items(value))
                    : items.Except(ConfigText.Items(value)));
            }

            if (problemOf(config.Name, value) is { } problem)
                return problem;
            after = after.SetItem(config.Name, value);
        }

        return null;
    }

    private Verdict Replace(
        TopicImage topic, List<AlterConfigsRequest.AlterableConfig> configs, ConfigsImage cluster,
        List<IMessage> records)
    {
        var after = ImmutableSortedDictionary<string, string>.Empty;
        foreach (var config in configs)
        {
            if (config.Value is not { } value)
                return new Verdict(ErrorCode.InvalidRequest, $"{config.Name} has no value.");
            if (TopicValidation.ConfigProblem(config.Name, value) is { } problem)
                return problem;
            after = after.SetItem(config.Name, value);
        }

        return Decide(topic, after, cluster, records);
    }

    private Verdict ReplaceGroup(
        string groupId, List<AlterConfigsRequest.AlterableConfig> configs, ConfigsImage cluster,
        List<IMessage> records)
    {
        var after = ImmutableSortedDictionary<string, string>.Empty;
        foreach (var config in configs)
        {
            if (config.Value is not { } value)
                return new Verdict(ErrorCode.InvalidRequest, $"{config.Name} has no value.");
            if (GroupProblem(config.Name, value) is { } problem)
                return problem;
            after = after.SetItem(config.Name, value);
        }

        return DecideGroup(groupId, after, cluster, records);
    }

    private Verdict? GroupProblem(string name, string value) =>
        GroupConfigs.Find(name) is not { } config
            ? new Verdict(ErrorCode.InvalidConfig, $"A group has no setting {name}.")
            : GroupConfigs.WhatIsWrong(config, value, settings) is { } problem
                ? new Verdict(ErrorCode.InvalidConfig, $"{name}={value}: {problem}.")
                : null;

    private static Verdict DecideGroup(
        string groupId, ImmutableSortedDictionary<string, string> after, ConfigsImage cluster, List<IMessage> records)
    {
        Differences(ConfigResource.Group, groupId, cluster.Of(ConfigResource.Group, groupId), after, records);
        return Verdict.Good;
    }

    private Verdict Decide(
        TopicImage topic, ImmutableSortedDictionary<string, string> after, ConfigsImage cluster, List<IMessage> records)
    {
        if (_validation.LagProblem(cluster, after) is { } problem)
            return problem;
        Differences(ConfigResource.Topic, topic.Name, topic.Configs, after, records);
        return Verdict.Good;
    }

    /// <summary>A record for each setting that becomes another, or goes.</summary>
    private static void Differences(
        ConfigResource type, string resource, ImmutableSortedDictionary<string, string> before,
        ImmutableSortedDictionary<string, string> after, List<IMessage> records)
    {
        foreach (var name in before.Keys.Union(after.Keys))
        {
            var value = after.GetValueOrDefault(name);
            if (value != before.GetValueOrDefault(name))
                records.Add(ConfigsImage.Record(type, resource, name, value));
        }
    }
}
