using System.Collections.Immutable;
using Millrace.Core.Configs;

namespace Millrace.Core.Controller;

/// <summary>A setting with the value in force and where that comes from.</summary>
internal readonly record struct EffectiveConfig(ConfigDefinition Definition, string? Value, ConfigSource Source);

/// <summary>
/// A topic's settings: its own, over what the cluster was told for this broker and for all, over what this broker was
/// given at its start, over the defaults.
/// </summary>
internal static class EffectiveConfigs
{
    public static List<EffectiveConfig> Describe(
        BrokerSettings settings, ConfigsImage cluster, ImmutableSortedDictionary<string, string> own) =>
        [.. TopicConfigs.All.Select(config => Of(config, settings, cluster, own))];

    public static EffectiveConfig Of(
        ConfigDefinition config, BrokerSettings settings, ConfigsImage cluster,
        ImmutableSortedDictionary<string, string> own)
    {
        if (own.TryGetValue(config.Name, out var text))
            return new EffectiveConfig(config, text, ConfigSource.DynamicTopic);
        foreach (var (value, source) in Dynamic(config, settings, cluster))
            return new EffectiveConfig(config, value, source);
        var given = settings.TopicDefault(config, out var from);
        return new EffectiveConfig(config, given, from);
    }

    /// <summary>What the cluster was told of a topic's setting: for this broker, then for all.</summary>
    public static IEnumerable<(string Value, ConfigSource Source)> Dynamic(
        ConfigDefinition config, BrokerSettings settings, ConfigsImage cluster)
    {
        if (config.BrokerSynonym is not { } synonym)
            yield break;
        if (cluster.OfBroker(settings.NodeId).TryGetValue(synonym, out var value) && config.WhatIsWrong(value) is null)
            yield return (value, ConfigSource.DynamicBroker);
        if (cluster.OfAllBrokers.TryGetValue(synonym, out value) && config.WhatIsWrong(value) is null)
            yield return (value, ConfigSource.DynamicDefaultBroker);
    }

    /// <summary>The text in force.</summary>
    public static string Text(
        string name, BrokerSettings settings, ConfigsImage cluster, ImmutableSortedDictionary<string, string> own) =>
        Of(TopicConfigs.Find(name)!, settings, cluster, own).Value!;
}
