using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.Bench.Compare;

/// <summary>
/// What a comparison is to show, as a line of a file says: a name, a colon, and conditions of which one must hold, such
/// as <c>A[row figure] &lt;= 5</c>, or of a quotient, <c>A[row figure] / B[row figure] &gt;= 2</c>; medians count.
/// Lines that are empty or begin with # are none.
/// </summary>
internal sealed partial record Goal(string Name, IReadOnlyList<GoalCondition> Conditions)
{
    /// <exception cref="UsageException">A line is no goal.</exception>
    public static List<Goal> Parse(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => ParseLine(line) ?? throw new UsageException($"No goal: {line}")),
    ];

    private static Goal? ParseLine(string line)
    {
        var colon = line.LastIndexOf(": ", StringComparison.Ordinal);
        if (colon < 0)
            return null;
        var conditions = line[(colon + 1)..].Split(" or ").Select(text => Condition().Match(text.Trim())).ToList();
        return conditions.TrueForAll(match => match.Success)
            ? new Goal(line[..colon], [.. conditions.Select(GoalCondition.Of)])
            : null;
    }

    [GeneratedRegex(@"^([AB])\[(\S+) ([^\]]+)\](?: / ([AB])\[(\S+) ([^\]]+)\])? (>=|<=) ([\d.]+)$")]
    private static partial Regex Condition();
}

/// <summary>A figure of a side.</summary>
internal sealed record GoalTerm(bool IsA, string Row, string Figure);

/// <summary>A figure or a quotient of two, and its bound.</summary>
internal sealed record GoalCondition(GoalTerm Figure, GoalTerm? Divisor, bool IsAtLeast, double Bound)
{
    public static GoalCondition Of(Match match) => new(
        Term(match, 1)!, Term(match, 4), match.Groups[7].Value == ">=",
        double.Parse(match.Groups[8].Value, CultureInfo.InvariantCulture));

    /// <summary>Null where a figure was not measured.</summary>
    public double? Value(IReadOnlyList<ComparedRow> rows)
    {
        var value = Median(rows, Figure);
        if (Divisor is null)
            return value;
        return Median(rows, Divisor) is { } divisor and not 0 ? value / divisor : null;
    }

    public bool IsMet(double value) => IsAtLeast ? value >= Bound : value <= Bound;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsAtLeast ? "at least" : "at most")} {Bound}");

    private static GoalTerm? Term(Match match, int group) => match.Groups[group].Success
        ? new GoalTerm(match.Groups[group].Value == "A", match.Groups[group + 1].Value, match.Groups[group + 2].Value)
        : null;

    private static double? Median(IReadOnlyList<ComparedRow> rows, GoalTerm term)
    {
        var figure = rows.FirstOrDefault(row => row.Name == term.Row)?.Figures
            .FirstOrDefault(figure => figure.Name == term.Figure);
        return (term.IsA ? figure?.A : figure?.B)?.Median;
    }
}
