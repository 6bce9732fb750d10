using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Telemetry;

/// <summary>What a client shall push, and how often.</summary>
/// <param name="IntervalMs">The shortest that any subscription wants of it.</param>
/// <param name="Metrics">Prefixes of names; the empty one is all, none is nothing.</param>
internal sealed record ClientSubscription(int IntervalMs, ImmutableArray<string> Metrics);

/// <summary>The subscriptions to client metrics, read from the cluster's settings. Immutable.</summary>
internal sealed class ClientSubscriptions
{
    private const string All = "*";

    private readonly List<(ClientMatch Match, int IntervalMs, string[] Metrics)> _subscriptions = [];

    public ClientSubscriptions(ConfigsImage configs)
    {
        foreach (var ((type, _), own) in configs.Resources)
        {
            // What Kafka stored may hold patterns that are none here.
            if (type != ConfigResource.ClientMetrics
                || !ClientMatch.TryParse(own.GetValueOrDefault(ClientMetricsConfigs.Match, ""), out var match)
                || !int.TryParse(
                    own.GetValueOrDefault(ClientMetricsConfigs.IntervalMs, $"{ClientMetricsConfigs.DefaultIntervalMs}"),
                    out var interval))
                continue;
            _subscriptions.Add(
                (match, interval, ConfigText.Items(own.GetValueOrDefault(ClientMetricsConfigs.Metrics, ""))));
        }
    }

    public ClientSubscription For(Uuid instanceId, ClientFacts client)
    {
        string ValueOf(string key) => key switch
        {
            "client_instance_id" => instanceId.ToString(),
            "client_id" => client.ClientId,
            "client_software_name" => client.SoftwareName,
            "client_software_version" => client.SoftwareVersion,
            "client_source_address" => client.Address,
            _ => $"{client.Port}",
        };
        var meant = _subscriptions.FindAll(subscription => subscription.Match.Holds(ValueOf));
        if (meant.Count == 0)
            return new ClientSubscription(ClientMetricsConfigs.DefaultIntervalMs, []);
        var metrics = meant.SelectMany(subscription => subscription.Metrics).Distinct().Order(StringComparer.Ordinal);
        return new ClientSubscription(
            meant.Min(subscription => subscription.IntervalMs),
            metrics.Contains(All) ? [""] : [.. metrics]);
    }
}
