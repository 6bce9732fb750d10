using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol;

namespace Millrace.Core.Controller.Resources;

/// <summary>The settings of groups, which need not be there (KIP-848).</summary>
internal sealed class GroupResource(BrokerSettings settings) : ConfigurableResource
{
    public override Verdict? NameProblem(string name, ClusterImage image) => name.Length == 0
        ? new Verdict(ErrorCode.InvalidRequest, "The name of the group is empty.")
        : null;

    public override ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image) =>
        image.Configs.Of(ConfigResource.Group, name);

    public override ConfigDefinition? Find(string config) => GroupConfigs.Find(config);

    public override string InForce(
        ConfigDefinition config, ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        EffectiveConfigs.Of(config, settings, image.Configs, own).Value!;

    public override Verdict? WhatIsWrong(string config, string value)
    {
        if (Find(config) is not { } definition)
            return new Verdict(ErrorCode.InvalidConfig, $"Unknown group config name: {config}.");
        return GroupConfigs.WhatIsWrong(definition, value, settings) is { } problem
            ? new Verdict(ErrorCode.InvalidConfig, $"Invalid value {value} for configuration {config}: it {problem}.")
            : null;
    }

    /// <summary>A member must be heard more than once before it counts as gone.</summary>
    public override Verdict? TogetherProblem(ImmutableSortedDictionary<string, string> own, ClusterImage image)
    {
        foreach (var kind in (string[])["consumer", "share", "streams"])
        {
            var heartbeat = InForce(Find($"{kind}.heartbeat.interval.ms")!, own, image);
            var session = InForce(Find($"{kind}.session.timeout.ms")!, own, image);
            if (int.Parse(heartbeat) >= int.Parse(session))
            {
                return new Verdict(ErrorCode.InvalidConfig,
                    $"{kind}.heartbeat.interval.ms ({heartbeat}) must be less than {kind}.session.timeout.ms "
                    + $"({session}).");
            }
        }

        return null;
    }
}
