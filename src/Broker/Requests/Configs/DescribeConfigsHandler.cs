using System.Collections.Immutable;
using System.Globalization;
using Millrace.Broker.Cluster;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Controller.Resources;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// DescribeConfigs (key 32), versions 1 to 4. The settings of topics, of this broker and its logger, of groups and
/// client metrics, with where each value comes from.
/// </summary>
/// <remarks>
/// <para>No keys, null or none listed, means all of them; unknown keys are left out. The broker named "" has only
/// what was set for the whole cluster. A resource of which all is wanted twice is told once: an answer is hundreds of
/// times as long as a name.</para>
/// </remarks>
internal sealed class DescribeConfigsHandler(ControllerShard controller, BrokerSettings settings)
    : RequestHandler<DescribeConfigsRequest>
{
    protected override void Handle(PendingRequest pending, DescribeConfigsRequest request)
    {
        var response = new DescribeConfigsResponse();
        var whole = new HashSet<(sbyte, string)>();
        foreach (var resource in request.Resources)
        {
            var isWhole = resource.ConfigurationKeys is null or { Count: 0 };
            if (!isWhole || whole.Add((resource.ResourceType, resource.ResourceName)))
                response.Results.Add(Describe(resource, request));
        }

        pending.Reply(response);
    }

    private DescribeConfigsResponse.DescribeConfigsResult Describe(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request)
    {
        var result = new DescribeConfigsResponse.DescribeConfigsResult
        {
            ResourceType = resource.ResourceType,
            ResourceName = resource.ResourceName,
        };
        (result.ErrorCode, result.ErrorMessage) = (ConfigResource)resource.ResourceType switch
        {
            ConfigResource.Topic => DescribeTopic(resource, request, result),
            ConfigResource.Broker => DescribeBroker(resource, request, result),
            ConfigResource.BrokerLogger => DescribeLogger(resource, request, result),
            ConfigResource.Group => DescribeGroup(resource, request, result),
            ConfigResource.ClientMetrics => DescribeClientMetrics(resource, request, result),
            _ => new Verdict(ErrorCode.InvalidRequest, $"Resource type {resource.ResourceType} can't be described."),
        };
        result.ErrorMessage ??= "";
        return result;
    }

    private Verdict DescribeTopic(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        if (TopicName.WhatIsWrong(resource.ResourceName) is { } problem)
            return new Verdict(ErrorCode.InvalidTopic, $"The topic name is invalid: {problem}.");
        if (controller.Image.Find(resource.ResourceName) is not { } topic)
            return new Verdict(ErrorCode.UnknownTopicOrPartition, null);
        foreach (var config in EffectiveConfigs.Describe(settings, controller.Image.Configs, topic.Configs))
        {
            if (IsWanted(resource, config.Definition))
                result.Configs.Add(Entry(config, request, isReadOnly: false, TopicSynonyms(config)));
        }

        return Verdict.Good;
    }

    private Verdict DescribeBroker(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        if (resource.ResourceName == ConfigsImage.AllBrokers)
        {
            Add(OfAllBrokers, ConfigSource.DynamicDefaultBroker, resource, request, result);
            return Verdict.Good;
        }

        if (!IsThisBroker(resource, out var problem))
            return problem;

        foreach (var definition in BrokerConfigs.All.Where(definition => IsWanted(resource, definition)
            && !OfThisBroker.ContainsKey(definition.Name) && !OfAllBrokers.ContainsKey(definition.Name)))
        {
            var config = new EffectiveConfig(definition, settings.Find(definition.Name, out var source), source);
            var isReadOnly = !BrokerConfigs.IsDynamic(definition.Name);
            result.Configs.Add(Entry(config, request, isReadOnly, BrokerSynonyms(config)));
        }

        Add(OfThisBroker, ConfigSource.DynamicBroker, resource, request, result);
        Add(OfAllBrokers.RemoveRange(OfThisBroker.Keys), ConfigSource.DynamicDefaultBroker, resource, request, result);
        return Verdict.Good;
    }

    private bool IsThisBroker(DescribeConfigsRequest.DescribeConfigsResource resource, out Verdict problem)
    {
        problem = new Verdict(
            ErrorCode.InvalidRequest, $"This is broker {settings.NodeId}, not '{resource.ResourceName}'.");
        return resource.ResourceName == settings.NodeId.ToString(CultureInfo.InvariantCulture);
    }

    private Verdict DescribeLogger(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        if (!IsThisBroker(resource, out var problem))
            return problem;
        var logger = new ConfigDefinition(BrokerLoggerResource.Root, ConfigType.String, null, "The only logger.");
        var config = new EffectiveConfig(logger, BrokerLoggerResource.Level, ConfigSource.DynamicBrokerLogger);
        if (IsWanted(resource, logger))
            result.Configs.Add(Entry(config, request, isReadOnly: true, []));
        return Verdict.Good;
    }

    private Verdict DescribeGroup(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        if (resource.ResourceName.Length == 0)
            return new Verdict(ErrorCode.InvalidRequest, "The name of the group is empty.");
        var own = controller.Image.Configs.Of(ConfigResource.Group, resource.ResourceName);
        foreach (var definition in GroupConfigs.All.Where(definition => IsWanted(resource, definition)))
        {
            var given = settings.TopicDefault(definition, out var source);
            IEnumerable<(string, string?, ConfigSource)> synonyms = source == ConfigSource.Default
                ? [(definition.BrokerSynonym ?? definition.Name, definition.Default, source)]
                : [(definition.BrokerSynonym!, given, source),
                    (definition.BrokerSynonym!, definition.Default, ConfigSource.Default)];
            result.Configs.Add(own.TryGetValue(definition.Name, out var value)
                ? Entry(
                    new EffectiveConfig(definition, value, ConfigSource.DynamicGroup), request, isReadOnly: false,
                    [(definition.Name, value, ConfigSource.DynamicGroup), .. synonyms])
                : Entry(new EffectiveConfig(definition, given, source), request, isReadOnly: false, synonyms));
        }

        return Verdict.Good;
    }

    private Verdict DescribeClientMetrics(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        if (resource.ResourceName.Length == 0)
            return new Verdict(ErrorCode.InvalidRequest, "The name of the subscription is empty.");
        var own = controller.Image.Configs.Of(ConfigResource.ClientMetrics, resource.ResourceName);
        foreach (var definition in ClientMetricsConfigs.All.Where(definition => IsWanted(resource, definition)))
        {
            const ConfigSource Own = ConfigSource.DynamicClientMetrics;
            result.Configs.Add(own.TryGetValue(definition.Name, out var value)
                ? Entry(
                    new EffectiveConfig(definition, value, Own), request, isReadOnly: false,
                    [(definition.Name, value, Own)])
                : Entry(
                    new EffectiveConfig(definition, definition.Default, ConfigSource.Default), request,
                    isReadOnly: false, []));
        }

        return Verdict.Good;
    }

    private ImmutableSortedDictionary<string, string> OfAllBrokers => controller.Image.Configs.OfAllBrokers;

    private ImmutableSortedDictionary<string, string> OfThisBroker =>
        controller.Image.Configs.OfBroker(settings.NodeId);

    /// <summary>What the cluster holds for brokers; what is not known here may be a password.</summary>
    private void Add(
        ImmutableSortedDictionary<string, string> held, ConfigSource source,
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        foreach (var (name, value) in held)
        {
            var definition = BrokerConfigs.Find(name) ?? new ConfigDefinition(name, ConfigType.Password, null, "");
            if (IsWanted(resource, definition))
                result.Configs.Add(Entry(
                    new EffectiveConfig(definition, value, source), request, isReadOnly: false,
                    HeldSynonyms(definition)));
        }
    }

    private IEnumerable<(string Name, string? Value, ConfigSource Source)> HeldSynonyms(ConfigDefinition definition)
    {
        if (OfThisBroker.TryGetValue(definition.Name, out var value))
            yield return (definition.Name, value, ConfigSource.DynamicBroker);
        if (OfAllBrokers.TryGetValue(definition.Name, out value))
            yield return (definition.Name, value, ConfigSource.DynamicDefaultBroker);
        if (settings.Find(definition.Name, out var source) is { } given)
            yield return (definition.Name, given, source);
    }

    private static bool IsWanted(DescribeConfigsRequest.DescribeConfigsResource resource, ConfigDefinition config) =>
        resource.ConfigurationKeys is null or { Count: 0 } || resource.ConfigurationKeys.Contains(config.Name);

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Entry(
        EffectiveConfig config, DescribeConfigsRequest request, bool isReadOnly,
        IEnumerable<(string Name, string? Value, ConfigSource Source)> synonyms)
    {
        var isSensitive = config.Definition.Type == ConfigType.Password;
        var entry = new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = config.Definition.Name,
            Value = isSensitive ? null : config.Value,
            IsSensitive = isSensitive,
            ReadOnly = isReadOnly,
            ConfigSource = (sbyte)config.Source,
            ConfigType = (sbyte)config.Definition.Type,
            Documentation = request.IncludeDocumentation ? config.Definition.Documentation : null,
        };
        if (request.IncludeSynonyms)
        {
            foreach (var (name, value, source) in synonyms)
                entry.Synonyms.Add(new() { Name = name, Value = isSensitive ? null : value, Source = (sbyte)source });
        }

        return entry;
    }

    /// <summary>
    /// The topic's own value, the cluster's, the broker's, the default: those that exist, in this order.
    /// </summary>
    private IEnumerable<(string Name, string? Value, ConfigSource Source)> TopicSynonyms(EffectiveConfig config)
    {
        var definition = config.Definition;
        if (config.Source == ConfigSource.DynamicTopic)
            yield return (definition.Name, config.Value, ConfigSource.DynamicTopic);
        if (definition.BrokerSynonym is not { } synonym || definition.IsSynonymInOtherUnits)
            yield break;
        foreach (var (value, from) in EffectiveConfigs.Dynamic(definition, settings, controller.Image.Configs))
            yield return (synonym, value, from);
        var given = settings.Find(synonym, out var source);
        if (source == ConfigSource.StaticBroker)
            yield return (synonym, given, source);
        yield return (synonym, definition.Default, ConfigSource.Default);
    }

    private static IEnumerable<(string Name, string? Value, ConfigSource Source)> BrokerSynonyms(EffectiveConfig config)
    {
        if (config.Source == ConfigSource.StaticBroker)
            yield return (config.Definition.Name, config.Value, ConfigSource.StaticBroker);
        if (config.Definition.Default is { } value)
            yield return (config.Definition.Name, value, ConfigSource.Default);
    }
}
