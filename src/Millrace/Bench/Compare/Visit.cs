using Millrace.Bench.Brokers;
using Millrace.Bench.Limits;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>What a workload of a comparison finds when it comes to a broker.</summary>
/// <param name="Cluster">The broker.</param>
/// <param name="Pid">Its process; null where it was not started for this.</param>
/// <param name="WarmUp">Load before what is measured.</param>
/// <param name="Duration">What is measured.</param>
internal sealed record Visit(Cluster Cluster, int? Pid, TimeSpan WarmUp, TimeSpan Duration)
{
    /// <summary>Measures the limits beside a workload; null at the second broker, or where they are not wanted.
    /// </summary>
    public MachineLimits? Limits { get; init; }

    /// <summary>Kafka's own tools; null where there are none.</summary>
    public PerfTool? Tool { get; init; }

    /// <summary>Where the broker tells its runtime's figures; null where it does not.</summary>
    public Uri? Metrics { get; init; }

    /// <summary>Runs a limit for as long as each may take; nothing where limits are not wanted.</summary>
    public IEnumerable<Figure> Limit(string name, Func<MachineLimits, double> measure)
    {
        if (Limits is { } limits)
            yield return new Figure(name, measure(limits));
    }
}

/// <summary>One number of a workload, named with its unit.</summary>
internal readonly record struct Figure(string Name, double Value);
