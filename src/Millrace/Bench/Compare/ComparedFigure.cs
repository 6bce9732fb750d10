namespace Millrace.Bench.Compare;

/// <summary>One figure as both sides had it in each visit.</summary>
internal sealed record ComparedFigure(string Name, Spread A, Spread B)
{
    /// <summary>A divided by B, medians; null where B has nothing.</summary>
    public double? Ratio => Divide(A.Median, B.Median);

    /// <summary>The least that it may be: A's minimum by B's maximum.</summary>
    public double? RatioMin => Divide(A.Min, B.Max);

    public double? RatioMax => Divide(A.Max, B.Min);

    private static double? Divide(double a, double b) => b == 0 ? null : Math.Round(a / b, 3);
}
