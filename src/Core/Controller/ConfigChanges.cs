using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Core.Controller.Resources;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// What requests to change settings while the broker runs come to (KIP-339). A resource's changes are granted all or
/// none, and each is judged by what the settings then are.
/// </summary>
internal sealed class ConfigChanges(BrokerSettings settings)
{
    private readonly Dictionary<ConfigResource, ConfigurableResource> _kinds = new()
    {
        [ConfigResource.Topic] = new TopicResource(settings),
        [ConfigResource.Broker] = new BrokerResource(settings),
        [ConfigResource.BrokerLogger] = new BrokerLoggerResource(settings.NodeId),
        [ConfigResource.ClientMetrics] = new ClientMetricsResource(),
        [ConfigResource.Group] = new GroupResource(settings),
    };

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
            var target = new Target((ConfigResource)resource.ResourceType, resource.ResourceName, image);
            var decided = new List<IMessage>();
            var names = resource.Configs.Select(config => config.Name);
            var verdict = twice.Contains((resource.ResourceType, resource.ResourceName))
                ? NamedTwice
                : Refusal(target, names) ?? Alter(target, resource.Configs, decided);
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
            var target = new Target((ConfigResource)resource.ResourceType, resource.ResourceName, image);
            var decided = new List<IMessage>();
            var names = resource.Configs.Select(config => config.Name);
            var verdict = twice.Contains((resource.ResourceType, resource.ResourceName)) ? NamedTwice
                : target.Type == ConfigResource.BrokerLogger
                ? new Verdict(ErrorCode.InvalidRequest, "Loggers are altered incrementally.")
                : Refusal(target, names) ?? Replace(target, resource.Configs, decided);
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

    private static Verdict NamedTwice =>
        new(ErrorCode.InvalidRequest, "The resource is named more than once in the request.");

    private static HashSet<T> Repeated<T>(IEnumerable<T> items) =>
        [.. items.GroupBy(item => item).Where(group => group.Count() > 1).Select(group => group.Key)];

    private Verdict? Refusal(Target target, IEnumerable<string> names) =>
        Repeated(names).FirstOrDefault() is { } name
            ? new Verdict(ErrorCode.InvalidRequest, $"{name} is named more than once for one resource.")
        : _kinds.TryGetValue(target.Type, out var kind) ? kind.NameProblem(target.Name, target.Image)
        : new Verdict(ErrorCode.InvalidRequest, $"Resource type {(sbyte)target.Type} is unknown.");

    private Verdict Alter(
        Target target, List<IncrementalAlterConfigsRequest.AlterableConfig> configs, List<IMessage> records)
    {
        var kind = _kinds[target.Type];
        var after = kind.Present(target.Name, target.Image);
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
                if (kind.Find(config.Name) is not { Type: ConfigType.List } list)
                    return new Verdict(ErrorCode.InvalidConfig, $"{config.Name} is not a list.");
                var items = ConfigText.Items(kind.InForce(list, after, target.Image));
                value = string.Join(',', operation == Operation.Append
                    ? items.Union(ConfigText.Items(value))
                    : items.Except(ConfigText.Items(value)));
            }

            if (kind.WhatIsWrong(config.Name, value) is { } problem)
                return problem;
            after = after.SetItem(config.Name, value);
        }

        return Decide(target, after, records);
    }

    private Verdict Replace(Target target, List<AlterConfigsRequest.AlterableConfig> configs, List<IMessage> records)
    {
        var after = ImmutableSortedDictionary<string, string>.Empty;
        foreach (var config in configs)
        {
            if (config.Value is not { } value)
                return new Verdict(ErrorCode.InvalidRequest, $"{config.Name} has no value.");
            if (_kinds[target.Type].WhatIsWrong(config.Name, value) is { } problem)
                return problem;
            after = after.SetItem(config.Name, value);
        }

        return Decide(target, after, records);
    }

    /// <summary>A record for each setting that becomes another, or goes.</summary>
    private Verdict Decide(Target target, ImmutableSortedDictionary<string, string> after, List<IMessage> records)
    {
        var kind = _kinds[target.Type];
        if (kind.TogetherProblem(after, target.Image) is { } problem)
            return problem;
        var present = kind.Present(target.Name, target.Image);
        foreach (var name in present.Keys.Union(after.Keys))
        {
            var value = after.GetValueOrDefault(name);
            if (value != present.GetValueOrDefault(name))
                records.Add(ConfigsImage.Record(target.Type, target.Name, name, value));
        }

        return Verdict.Good;
    }

    private readonly record struct Target(ConfigResource Type, string Name, ClusterImage Image);
}
