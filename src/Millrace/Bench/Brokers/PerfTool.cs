using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.Bench.Brokers;

/// <summary>
/// A shell command that runs one of Kafka's performance tools; <c>{tool}</c> in it stands for the tool's class without
/// its package, <c>{arguments}</c> for what it is given.
/// </summary>
internal sealed partial record PerfTool(string Text)
{
    private const double BytesInMib = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Its output.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public string Run(string tool, string arguments)
    {
        var command = Text
            .Replace("{tool}", tool, StringComparison.Ordinal)
            .Replace("{arguments}", arguments, StringComparison.Ordinal);
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec {command} 2>/dev/null"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new BenchException($"{tool} has not ended after {Patience.TotalSeconds:0} s.");
        }

        return process.ExitCode == 0
            ? output.Result
            : throw new BenchException($"{tool} ended with exit code {process.ExitCode}: {output.Result}");
    }

    /// <summary>MB/s (10^6) of the last line that ProducerPerformance prints.</summary>
    public static double ProducerMegabytes(string output) =>
        Last(ProducerLine(), output) * BytesInMib / 1e6;

    /// <summary>MB/s (10^6) without the time that joining a group took, of the last line of ConsumerPerformance.
    /// </summary>
    public static double ConsumerMegabytes(string output)
    {
        const int fetchedAt = 8;
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Split(',');
        return line.Length > fetchedAt
            ? Number(line[fetchedAt]) * BytesInMib / 1e6
            : throw new BenchException($"ConsumerPerformance printed no figure: {output}");
    }

    /// <summary>Milliseconds, as EndToEndLatency prints them.</summary>
    public static double AverageMillis(string output) => Last(AverageLine(), output);

    private static double Last(Regex pattern, string output) => pattern.Matches(output) is { Count: > 0 } found
        ? Number(found[^1].Groups[1].Value)
        : throw new BenchException($"A tool printed no figure: {output}");

    private static double Number(string text) => double.Parse(text.Trim(), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"records/sec \(([\d.]+) MB/sec\)")]
    private static partial Regex ProducerLine();

    [GeneratedRegex(@"Avg latency: ([\d.]+) ms")]
    private static partial Regex AverageLine();
}
