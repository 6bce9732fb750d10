using Millrace.Core.Telemetry;

namespace Millrace.Broker.Telemetry;

/// <summary>A client that was heard of its metrics, for people to see.</summary>
/// <param name="ClientInstanceId">The id that it keeps while it runs.</param>
/// <param name="ClientId">As it is configured.</param>
/// <param name="SoftwareName">The library.</param>
/// <param name="SoftwareVersion">Its version.</param>
/// <param name="Address">Host and port that it came from.</param>
/// <param name="PushIntervalMs">How often it is to push.</param>
/// <param name="RequestedMetrics">Prefixes of the metrics that it is to push.</param>
/// <param name="LastPush">When it pushed the metrics; null if it has not yet.</param>
/// <param name="IsTerminating">It said that it pushed for the last time.</param>
/// <param name="Metrics">Its latest.</param>
public sealed record ClientState(
    string ClientInstanceId, string ClientId, string SoftwareName, string SoftwareVersion, string Address,
    int PushIntervalMs, IReadOnlyList<string> RequestedMetrics, DateTimeOffset? LastPush, bool IsTerminating,
    IReadOnlyList<ClientMetric> Metrics)
{
    internal static ClientState Of(ClientInstance instance) => new(
        instance.Id.ToString(), instance.Client.ClientId, instance.Client.SoftwareName,
        instance.Client.SoftwareVersion, $"{instance.Client.Address}:{instance.Client.Port}",
        instance.Subscription.IntervalMs, instance.Subscription.Metrics,
        instance.PushedAt is { } pushed ? DateTimeOffset.FromUnixTimeMilliseconds(pushed.Milliseconds) : null,
        instance.IsTerminating,
        [.. instance.Samples.Select(sample => new ClientMetric(
            sample.Name, sample.Unit, sample.Attributes.DistinctBy(attribute => attribute.Key)
                .ToDictionary(attribute => attribute.Key, attribute => attribute.Value),
            sample.Value, sample.IsDelta))]);
}

/// <summary>One number that a client measured.</summary>
/// <param name="Name">The metric's.</param>
/// <param name="Unit">Often empty.</param>
/// <param name="Attributes">What tells it from others of its name.</param>
/// <param name="Value">The number.</param>
/// <param name="IsDelta">It counts from the push before on, not from the client's start.</param>
public sealed record ClientMetric(
    string Name, string Unit, IReadOnlyDictionary<string, string> Attributes, double Value, bool IsDelta);
