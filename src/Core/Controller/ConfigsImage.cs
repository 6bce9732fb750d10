using System.Collections.Immutable;
using System.Globalization;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>Kafka's numbers for what can have a configuration.</summary>
internal enum ConfigResource : sbyte
{
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}

/// <summary>
/// The settings of brokers, groups and client metrics, by what they belong to. The broker named "" is all of them.
/// </summary>
internal sealed record ConfigsImage(
    ImmutableDictionary<(ConfigResource Type, string Name), ImmutableSortedDictionary<string, string>> Resources)
{
    public static readonly ConfigsImage Empty =
        new(ImmutableDictionary<(ConfigResource, string), ImmutableSortedDictionary<string, string>>.Empty);

    public const string AllBrokers = "";

    public ImmutableSortedDictionary<string, string> Of(ConfigResource type, string name) =>
        Resources.GetValueOrDefault((type, name), ImmutableSortedDictionary<string, string>.Empty);

    public ImmutableSortedDictionary<string, string> OfBroker(int nodeId) =>
        Of(ConfigResource.Broker, nodeId.ToString(CultureInfo.InvariantCulture));

    public ImmutableSortedDictionary<string, string> OfAllBrokers => Of(ConfigResource.Broker, AllBrokers);

    /// <summary>Whether clients are asked for metrics at all.</summary>
    public bool WantsClientMetrics => Resources.Keys.Any(resource => resource.Type == ConfigResource.ClientMetrics);

    public ConfigsImage Replay(ConfigRecord record)
    {
        var key = ((ConfigResource)record.ResourceType, record.ResourceName);
        var before = Of(key.Item1, key.ResourceName);
        var after = record.Value is null ? before.Remove(record.Name) : before.SetItem(record.Name, record.Value);
        return new ConfigsImage(after.IsEmpty ? Resources.Remove(key) : Resources.SetItem(key, after));
    }

    public IEnumerable<IMessage> Records() =>
        from resource in Resources
        from config in resource.Value
        select Record(resource.Key.Type, resource.Key.Name, config.Key, config.Value);

    public static ConfigRecord Record(ConfigResource type, string resource, string name, string? value) => new()
    {
        ResourceType = (sbyte)type,
        ResourceName = resource,
        Name = name,
        Value = value,
    };
}
