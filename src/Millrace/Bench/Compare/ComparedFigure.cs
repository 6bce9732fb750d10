namespace Millrace.Bench.Compare;

/// <summary>One figure as the sides had it in each visit.</summary>
/// <param name="Name">With its unit.</param>
/// <param name="A">The first's; null where only the second has it.</param>
/// <param name="B">The second's; null where only the first has it, as a limit that stands beside.</param>
internal sealed record ComparedFigure(string Name, Spread? A, Spread? B)
{
    /// <summary>A divided by B, medians; null where a side has nothing.</summary>
    public double? Ratio => Divide(A?.Median, B?.Median);

    /// <summary>The least that it may be: A's minimum by B's maximum.</summary>
    public double? RatioMin => Divide(A?.Min, B?.Max);

    public double? RatioMax => Divide(A?.Max, B?.Min);

    private static double? Divide(double? a, double? b) => b is null or 0 || a is null
        ? null
        : Math.Round(a.Value / b.Value, 3);
}
