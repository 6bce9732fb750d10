using System.Collections.Immutable;
using System.Globalization;
using Millrace.Core.Configs;
using Millrace.Protocol;

namespace Millrace.Core.Controller.Resources;

/// <summary>
/// The settings of this broker, or with no name of all: those that give topics their defaults take effect at once, the
/// others are given at the start. What is unknown here is kept, as Kafka keeps it.
/// </summary>
internal sealed class BrokerResource(BrokerSettings settings) : ConfigurableResource
{
    /// <summary>Settings of Kafka whose place here are options of the server.</summary>
    private static readonly string[] GivenAsOptions =
        ["listeners", "log.dir", "log.dirs", "metadata.log.dir", "process.roles", "controller.quorum.voters"];

    public override Verdict? NameProblem(string name, ClusterImage image) =>
        name == ConfigsImage.AllBrokers || name == settings.NodeId.ToString(CultureInfo.InvariantCulture)
            ? null
            : new Verdict(ErrorCode.InvalidRequest, $"This is broker {settings.NodeId}, not '{name}'.");

    public override ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image) =>
        image.Configs.Of(ConfigResource.Broker, name);

    public override ConfigDefinition? Find(string config) => BrokerConfigs.Find(config);

    public override string InForce(
        ConfigDefinition config, ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        own.GetValueOrDefault(config.Name) ?? settings.Find(config.Name, out _) ?? "";

    public override Verdict? WhatIsWrong(string config, string value)
    {
        var definition = Find(config);
        if (GivenAsOptions.Contains(config) || (definition is not null && !BrokerConfigs.IsDynamic(config)))
        {
            return new Verdict(ErrorCode.InvalidRequest,
                $"{config} can't be changed while the broker runs: give it to the server at its start.");
        }

        return definition?.WhatIsWrong(value) is { } problem
            ? new Verdict(ErrorCode.InvalidRequest, $"Invalid value {value} for configuration {config}: it {problem}.")
            : null;
    }
}
