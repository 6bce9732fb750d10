using System.Collections.Immutable;

namespace Millrace.Core.Telemetry;

/// <summary>One number that a client measured.</summary>
/// <param name="Name">The metric's.</param>
/// <param name="Unit">As the client names it; often empty.</param>
/// <param name="Attributes">What tells it from others of its name.</param>
/// <param name="Value">The number.</param>
/// <param name="TimeMs">When it was taken, since 1970.</param>
/// <param name="IsDelta">It counts from the last push on, not from the client's start.</param>
internal sealed record MetricSample(
    string Name, string Unit, ImmutableArray<(string Key, string Value)> Attributes, double Value, long TimeMs,
    bool IsDelta)
{
    private const int OfAnySample = 64;

    /// <summary>What it takes of the memory for samples: about the characters of its texts.</summary>
    public int Weight =>
        OfAnySample + Name.Length + Unit.Length
        + Attributes.Sum(attribute => OfAnySample + attribute.Key.Length + attribute.Value.Length);
}
