using System.Diagnostics;
using System.Globalization;
using Millrace.Core.Log.Verification;

namespace Millrace.Commands;

/// <summary>For people: a finding a paragraph, a table at the end, and on a terminal a line of progress.</summary>
internal sealed class LogVerifyText(string path) : IVerificationReport
{
    private const int LineWidth = 79;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private TimeSpan _shown;
    private bool _hasLine;

    public void Finding(Finding finding)
    {
        Clear();
        var place = finding.File.Length == 0 ? path : finding.File;
        if (finding.Position >= 0)
            place += $" @{finding.Position}";
        Console.WriteLine($"{SeverityNames.Of(finding.Severity)} [{finding.Check}] {place}: {finding.Problem}");
        if (finding.Advice.Length > 0)
            Console.WriteLine($"    {finding.Advice}");
    }

    public void Progress(VerificationSummary summary)
    {
        if (!_isTerminal || _clock.Elapsed - _shown < Interval)
            return;
        _shown = _clock.Elapsed;
        Clear();
        var line = $"{summary.Partitions} partitions, {Megabytes(summary.Bytes)} MB: {summary.Folder}";
        Console.Error.Write(line[..Math.Min(LineWidth, line.Length)]);
        _hasLine = true;
    }

    public void Summary(VerificationSummary summary, Findings findings)
    {
        Clear();
        var seconds = Math.Max(_clock.Elapsed.TotalSeconds, 0.001);
        string[] names = ["partitions", "segments", "batches", "records", "MB", "errors", "warnings", "notes"];
        string[] values =
        [
            Number(summary.Partitions), Number(summary.Segments), Number(summary.Batches), Number(summary.Records),
            Megabytes(summary.Bytes), Number(findings.Errors), Number(findings.Warnings), Number(findings.Notes),
        ];
        Console.WriteLine(Row(names, values, names));
        Console.WriteLine(Row(values, values, names));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(findings.Errors == 0 ? "No errors." : "Errors were found.")} {seconds:0.0} s, "
            + $"{summary.Bytes / seconds / 1e6:0} MB/s"));
    }

    public void Dispose() => Clear();

    private static string Row(string[] cells, string[] values, string[] names) => string.Join("  ",
        cells.Select((cell, i) => cell.PadLeft(Math.Max(values[i].Length, names[i].Length))));

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("N1", CultureInfo.InvariantCulture);

    private void Clear()
    {
        if (_hasLine)
            Console.Error.Write("\r" + new string(' ', LineWidth) + "\r");
        _hasLine = false;
    }
}
