using System.CommandLine;
using Millrace.Bench.Limits;
using Millrace.Bench.Reports;
using Millrace.Commands;

namespace Millrace.Bench.Commands;

/// <summary>How a benchmark reports, and whether it measures the machine's limits beside it.</summary>
internal sealed class ReportOptions
{
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "text or json.",
        DefaultValueFactory = _ => "text",
    };
    private readonly Option<double> _limitSeconds = BenchOption.Seconds(
        "--limit-seconds", "How long each limit of the machine is measured; 0 for not at all.", 1);
    private readonly Option<string> _limitsDirectory = new("--limits-dir")
    {
        Description = "A directory on the disk of the broker, whose speed is measured.",
        HelpName = "DIR",
        DefaultValueFactory = _ => Path.GetTempPath(),
    };

    public ReportOptions() => _output.AcceptOnlyFromAmong("text", "json");

    public void AddTo(Command command)
    {
        command.Add(_output);
        command.Add(_limitSeconds);
        command.Add(_limitsDirectory);
    }

    public MachineLimits? Limits(ParseResult result) => result.GetValue(_limitSeconds) is var seconds and > 0
        ? new MachineLimits(result.GetValue(_limitsDirectory)!, TimeSpan.FromSeconds(seconds))
        : null;

    public bool IsJson(ParseResult result) => result.GetValue(_output) == "json";

    public int Print(ParseResult result, BenchReport report)
    {
        Console.Out.Write(IsJson(result) ? report.ToJson() + "\n" : ReportText.Of(report));
        return ExitCode.Success;
    }
}
