using Millrace.Bench.Brokers;
using Millrace.Bench.Limits;

namespace Millrace.Bench.Compare;

/// <summary>How a comparison is made.</summary>
/// <param name="Rounds">How often A-B-B-A is run.</param>
/// <param name="WarmUp">Load before what is measured.</param>
/// <param name="Duration">What is measured.</param>
/// <param name="DataParent">Where data directories are made.</param>
internal sealed record CompareOptions(int Rounds, TimeSpan WarmUp, TimeSpan Duration, string DataParent)
{
    public IReadOnlyList<CompareRow> Rows { get; init; } = [];

    /// <summary>Of A's first visit only.</summary>
    public IReadOnlyList<CompareRow> AloneRows { get; init; } = [];

    public IReadOnlyList<ScaleRow> ScaleRows { get; init; } = [];

    /// <summary>Of A only.</summary>
    public IReadOnlyList<ScaleRow> AloneScaleRows { get; init; } = [];

    /// <summary>Null for none.</summary>
    public MachineLimits? Limits { get; init; }

    /// <summary>Null for none.</summary>
    public PerfTool? Tool { get; init; }

    /// <summary>Where A tells its runtime's figures, with {port+1} in it; null for nowhere.</summary>
    public string? Metrics { get; init; }
}
