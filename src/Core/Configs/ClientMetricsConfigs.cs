using static Millrace.Core.Configs.ConfigRule;

namespace Millrace.Core.Configs;

/// <summary>The settings of a subscription to client metrics (KIP-714).</summary>
internal static class ClientMetricsConfigs
{
    public const string IntervalMs = "interval.ms";
    public const string Match = "match";
    public const string Metrics = "metrics";

    public const int DefaultIntervalMs = 300_000;

    public static IReadOnlyList<ConfigDefinition> All { get; } =
    [
        new(IntervalMs, ConfigType.Int, $"{DefaultIntervalMs}", "How often a client pushes.", Between(100, 3_600_000)),
        new(Match, ConfigType.List, "",
            "Which clients are meant: patterns for client_id, client_software_name and the like; all must hold."),
        new(Metrics, ConfigType.List, "", "Prefixes of the names of metrics; * is all."),
    ];

    public static ConfigDefinition? Find(string name) => All.FirstOrDefault(config => config.Name == name);
}
