using System.Collections.Immutable;
using Millrace.Core.Configs;

namespace Millrace.Core.Controller.Resources;

/// <summary>What may be set for the resources of one kind, and how it is judged.</summary>
internal abstract class ConfigurableResource
{
    /// <summary>Null where there is such a resource, or where it needs not be there.</summary>
    public abstract Verdict? NameProblem(string name, ClusterImage image);

    /// <summary>What is set for the resource itself.</summary>
    public abstract ImmutableSortedDictionary<string, string> Present(string name, ClusterImage image);

    public abstract ConfigDefinition? Find(string config);

    /// <summary>The value that is in force when <paramref name="own"/> is set.</summary>
    public virtual string InForce(
        ConfigDefinition config, ImmutableSortedDictionary<string, string> own, ClusterImage image) =>
        own.GetValueOrDefault(config.Name) ?? config.Default ?? "";

    /// <summary>Null where the resource may have the setting.</summary>
    public abstract Verdict? WhatIsWrong(string config, string value);

    /// <summary>Null where the settings, each legal, go together.</summary>
    public virtual Verdict? TogetherProblem(
        ImmutableSortedDictionary<string, string> own, ClusterImage image) => null;
}
