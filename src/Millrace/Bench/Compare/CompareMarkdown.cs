using System.Globalization;
using System.Text;

namespace Millrace.Bench.Compare;

/// <summary>A comparison as the pages of a document that it is written into.</summary>
internal static class CompareMarkdown
{
    private const string Begin = "<!-- figures: begin -->";
    private const string End = "<!-- figures: end -->";

    /// <summary>Puts the report between the two marks of a document.</summary>
    /// <exception cref="BenchException">It has no marks.</exception>
    public static string Into(string document, string report)
    {
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new BenchException($"The document has no {Begin} and {End} to write between.");
        return $"{document[..(begin + Begin.Length)]}\n{report}{document[end..]}";
    }

    public static string Of(CompareReport report, IReadOnlyList<Goal> goals)
    {
        var text = new StringBuilder();
        Head(text, report);
        if (goals.Count > 0)
            Goals(text, report, goals);
        text.AppendLine().AppendLine("| Workload | Figure | A: median (min-max) | B: median (min-max) | A / B |")
            .AppendLine("|---|---|---|---|---|");
        foreach (var row in report.Rows)
        {
            foreach (var figure in row.Figures)
            {
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {row.Name} | {figure.Name} | {Text(figure.A)} | {Text(figure.B)} | {Ratio(figure)} |");
            }
        }

        if (report.Warnings.Count > 0)
            text.AppendLine().AppendLine("Against these figures speaks:").AppendLine();
        foreach (var warning in report.Warnings)
            text.AppendLine($"- {warning}");
        return text.ToString();
    }

    private static void Head(StringBuilder text, CompareReport report)
    {
        var machine = report.Machine;
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{machine.Processor}, {machine.Cores} cores, {machine.MemoryBytes / 1e9:0} GB; {machine.System}; "
            + $"{machine.Runtime}.");
        text.AppendLine(
            $"Rounds of {(report.B is null ? "A-A" : "A-B-B-A")}: {report.Rounds}; page cache emptied before each "
            + $"visit: {(report.IsPageCacheEmptied ? "yes" : "no")}. Limits stand beside the figures of A.");
        text.AppendLine().AppendLine("```").AppendLine($"A  {report.A}");
        if (report.B is not null)
            text.AppendLine($"B  {report.B}");
        text.AppendLine("```");
    }

    private static void Goals(StringBuilder text, CompareReport report, IReadOnlyList<Goal> goals)
    {
        text.AppendLine().AppendLine("| Goal | wanted | reached | |").AppendLine("|---|---|---|---|");
        foreach (var goal in goals)
        {
            var values = goal.Conditions.Select(condition => condition.Value(report.Rows)).ToList();
            var isMet = goal.Conditions.Zip(values).Any(pair => pair.Second is { } value && pair.First.IsMet(value));
            var verdict = values.TrueForAll(value => value is null) ? "not measured" : isMet ? "met" : "**not met**";
            var reached = string.Join("; ", values.Select(value => value is null ? "-" : Number(value.Value)));
            text.AppendLine($"| {goal.Name} | {string.Join(" or ", goal.Conditions)} | {reached} | {verdict} |");
        }
    }

    private static string Ratio(ComparedFigure figure) => figure.Ratio is null
        ? ""
        : string.Create(CultureInfo.InvariantCulture,
            $"{figure.Ratio:0.00} ({figure.RatioMin:0.00}-{figure.RatioMax:0.00})");

    private static string Text(Spread? spread) => spread is null
        ? ""
        : spread.Min == spread.Max ? Number(spread.Median)
        : $"{Number(spread.Median)} ({Number(spread.Min)}-{Number(spread.Max)})";

    /// <summary>Three digits that say something.</summary>
    private static string Number(double value) => value.ToString(
        Math.Abs(value) switch { >= 100 => "#,0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.###" },
        CultureInfo.InvariantCulture);
}
