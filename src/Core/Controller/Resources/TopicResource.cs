using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol;

namespace Millrace.Core.Controller.Resources;

/// <summary>The settings of topics.</summary>
internal sealed class TopicResource(BrokerSettings settings) : ConfigurableResource
{
    private readonly TopicValidation _validation = new(settings);

    public override Verdict? NameProblem(string name, ClusterImage image) => image.Find(name) is null
        ? new Verdict(ErrorCode.UnknownTopicOrPartition, $"The topic '{name}' does not exist.")
        : null;

    public override ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image) =>
        image.Find(name)!.Configs;

    public override ConfigDefinition? Find(string config) => TopicConfigs.Find(config);

    public override string InForce(
        ConfigDefinition config, ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        EffectiveConfigs.Of(config, settings, image.Configs, own).Value!;

    public override Verdict? WhatIsWrong(string config, string value) => TopicValidation.ConfigProblem(config, value);

    public override Verdict? TogetherProblem(ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        _validation.LagProblem(image.Configs, own);
}
