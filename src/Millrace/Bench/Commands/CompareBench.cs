using System.CommandLine;
using Millrace.Bench.Brokers;
using Millrace.Bench.Compare;
using Millrace.Bench.Wire;
using Millrace.Commands;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench compare A B</c>: two brokers in one run, A-B-B-A.</summary>
internal static class CompareBench
{
    public static Command Create()
    {
        var a = new Argument<string>("A") { Description = "HOST:PORT, or a shell command that starts a broker." };
        var b = new Argument<string>("B") { Description = "The other: what A is divided by." };
        var rows = new Option<string>("--rows")
        {
            Description = $"Which workloads: {string.Join(',', CompareRow.All.Select(row => row.Name))}",
            DefaultValueFactory = _ => "all",
        };
        var rounds = BenchOption.Number("--rounds", "How often A-B-B-A is run.", 1, 1, 100);
        var data = BrokerOptions.DataParent();
        var window = new WindowOptions();
        var report = new ReportOptions();
        var command = new Command("compare",
            "Measure two brokers in turn, A-B-B-A, and print the ratios. Commands have {data}, {port} and {port+1} in "
            + "them; each visit gets a new data directory and, as root, an empty page cache.")
        {
            a, b, rows, rounds, data,
        };
        window.AddTo(command, byBytes: false);
        report.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var comparison = new Comparison(
                Rows(result.GetValue(rows)!), window.WarmUp(result), window.Duration(result), result.GetValue(data)!);
            var limits = report.Limits(result);
            var compared = comparison.Run(
                Contender(result.GetValue(a)!), Contender(result.GetValue(b)!), result.GetValue(rounds),
                Console.Error.WriteLine, limits);
            Console.Out.Write(report.IsJson(result) ? compared.ToJson() + "\n" : CompareText.Of(compared));
            return ExitCode.Success;
        }));
        return command;
    }

    /// <summary>A text with a blank in it is a command.</summary>
    private static Contender Contender(string text) => text.Contains(' ', StringComparison.Ordinal)
        ? new Contender(new BrokerCommand(text), null)
        : new Contender(null, BrokerAddress.Parse(text) ?? throw new UsageException(
            $"{text}: give HOST:PORT, or a command with {{data}} and {{port}} in it."));

    private static List<CompareRow> Rows(string names)
    {
        if (names == "all")
            return [.. CompareRow.All];
        return
        [
            .. names.Split(',').Select(name => CompareRow.All.FirstOrDefault(row => row.Name == name)
                ?? throw new UsageException($"--rows {name}: there are "
                    + $"{string.Join(", ", CompareRow.All.Select(row => row.Name))}.")),
        ];
    }
}
