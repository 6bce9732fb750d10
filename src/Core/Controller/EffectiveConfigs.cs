using System.Collections.Immutable;
using Millrace.Core.Configs;

namespace Millrace.Core.Controller;

/// <summary>A setting with the value in force and where that comes from.</summary>
internal readonly record struct EffectiveConfig(ConfigDefinition Definition, string? Value, ConfigSource Source);

/// <summary>A topic's settings: its own over the broker's over the defaults.</summary>
internal static class EffectiveConfigs
{
    public static List<EffectiveConfig> Describe(
        BrokerSettings settings, ImmutableSortedDictionary<string, string> own) =>
        [.. TopicConfigs.All.Select(config => Of(config, settings, own))];

    public static EffectiveConfig Of(
        ConfigDefinition config, BrokerSettings settings, ImmutableSortedDictionary<string, string> own)
    {
        if (own.TryGetValue(config.Name, out var text))
            return new EffectiveConfig(config, text, ConfigSource.DynamicTopic);
        var value = settings.TopicDefault(config, out var source);
        return new EffectiveConfig(config, value, source);
    }

    /// <summary>The text in force.</summary>
    public static string Text(string name, BrokerSettings settings, ImmutableSortedDictionary<string, string> own) =>
        Of(TopicConfigs.Find(name)!, settings, own).Value!;
}
