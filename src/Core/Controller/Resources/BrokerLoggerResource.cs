using System.Collections.Immutable;
using System.Globalization;
using Millrace.Core.Configs;
using Millrace.Protocol;

namespace Millrace.Core.Controller.Resources;

/// <summary>The loggers of this broker: there is one, at one level. Nothing of them is recorded.</summary>
internal sealed class BrokerLoggerResource(int nodeId) : ConfigurableResource
{
    public const string Root = "root";
    public const string Level = "INFO";

    public override Verdict? NameProblem(string name, ClusterImage image) =>
        name == nodeId.ToString(CultureInfo.InvariantCulture)
            ? null
            : new Verdict(ErrorCode.InvalidRequest, $"This is broker {nodeId}, not '{name}'.");

    public override ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image) =>
        ImmutableSortedDictionary<string, string>.Empty.Add(Root, Level);

    public override ConfigDefinition? Find(string config) => null;

    public override Verdict? WhatIsWrong(string config, string value) => config == Root && value == Level
        ? null
        : new Verdict(ErrorCode.InvalidConfig, $"The only logger is {Root}, and its level is {Level}.");

    /// <summary>A logger whose level is deleted would take that of the root, which has none above it.</summary>
    public override Verdict? TogetherProblem(ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        own.ContainsKey(Root) ? null : new Verdict(ErrorCode.InvalidRequest, $"{Root} must have a level.");
}
