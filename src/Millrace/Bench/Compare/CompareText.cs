using System.Globalization;
using System.Text;

namespace Millrace.Bench.Compare;

/// <summary>A comparison for people.</summary>
internal static class CompareText
{
    public static string Of(CompareReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"A  {report.A}").AppendLine($"B  {report.B}");
        text.AppendLine(
            $"rounds of A-B-B-A: {report.Rounds}; page cache emptied before each visit: {report.IsPageCacheEmptied}");
        text.AppendLine($"{"",-26}{"",-24}{"A median (min-max)",32}{"B median (min-max)",32}  A/B (min-max)");
        foreach (var row in report.Rows)
        {
            foreach (var figure in row.Figures)
            {
                text.Append(CultureInfo.InvariantCulture, $"{row.Name,-26}{figure.Name,-24}")
                    .Append(CultureInfo.InvariantCulture, $"{Text(figure.A),32}{Text(figure.B),32}  ")
                    .AppendLine(Ratio(figure));
            }
        }

        foreach (var warning in report.Warnings)
            text.AppendLine($"! {warning}");

        if (report.Limits is { } limits)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"limits: loopback {limits.LoopbackMegabytesPerSecond:0} MB/s, disk write "
                + $"{limits.DiskWriteMegabytesPerSecond:0} MB/s, "
                + $"flushed {limits.DiskFlushedMegabytesPerSecond:0} MB/s");
            text.AppendLine($"  fdatasync {limits.FdatasyncMicros}").AppendLine($"  ping {limits.PingMicros}");
        }

        return text.ToString();
    }

    private static string Ratio(ComparedFigure figure) => figure.Ratio is null ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{figure.Ratio:0.00} ({figure.RatioMin:0.00}-{figure.RatioMax:0.00})");

    private static string Text(Spread? spread) => spread is null ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{spread.Median:0.##} ({spread.Min:0.##}-{spread.Max:0.##})");
}
