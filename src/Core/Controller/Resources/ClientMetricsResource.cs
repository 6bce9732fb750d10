using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol;

namespace Millrace.Core.Controller.Resources;

/// <summary>Subscriptions to the metrics of clients (KIP-714), which exist by their settings.</summary>
internal sealed class ClientMetricsResource : ConfigurableResource
{
    public override Verdict? NameProblem(string name, ClusterImage image) => name.Length == 0
        ? new Verdict(ErrorCode.InvalidRequest, "The name of the subscription is empty.")
        : null;

    public override ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image) =>
        image.Configs.Of(ConfigResource.ClientMetrics, name);

    public override ConfigDefinition? Find(string config) => ClientMetricsConfigs.Find(config);

    public override Verdict? WhatIsWrong(string config, string value)
    {
        if (Find(config) is not { } definition)
            return new Verdict(ErrorCode.InvalidRequest, $"Unknown client metrics configuration: {config}.");
        if (definition.WhatIsWrong(value) is { } problem)
        {
            return new Verdict(ErrorCode.InvalidRequest,
                $"Invalid value {value} for configuration {config}: it {problem}.");
        }

        return config == ClientMetricsConfigs.Match && !ClientMatch.TryParse(value, out _)
            ? new Verdict(ErrorCode.InvalidConfig,
                $"'{value}' is no list of {string.Join("=, ", ClientMatch.Keys)}=PATTERN.")
            : null;
    }
}
