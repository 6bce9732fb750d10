using System.CommandLine;
using Millrace.Bench.Brokers;
using Millrace.Bench.Compare;
using Millrace.Bench.Wire;
using Millrace.Commands;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench compare A B</c>: two brokers in one run, A-B-B-A.</summary>
internal static class CompareBench
{
    private static readonly List<string> RowNames =
    [
        .. CompareRow.All.Concat(CompareRow.Alone).Select(row => row.Name),
        .. ScaleRow.All.Concat(ScaleRow.Alone).Select(row => row.Name),
    ];

    public static Command Create()
    {
        var a = new Argument<string>("A") { Description = "HOST:PORT, or a shell command that starts a broker." };
        var b = new Argument<string?>("B")
        {
            Description = "The other: what A is divided by; A alone is measured without it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var rows = new Option<string>("--rows")
        {
            Description = $"Which workloads: {string.Join(',', RowNames)}",
            DefaultValueFactory = _ => "all",
        };
        var rounds = BenchOption.Number("--rounds", "How often A-B-B-A is run.", 1, 1, 100);
        var data = BrokerOptions.DataParent();
        var tool = Text("--kafka-tool",
            "A shell command for Kafka's performance tools, with {tool} and {arguments} in it.", "COMMAND");
        var metrics = Text("--metrics", "Where A tells its runtime's figures, with {port+1} in it.", "URL");
        var goals = Text("--goals", "A file of goals, a line each, that the report says are met or not.", "FILE");
        var write = Text("--write", "A document to write the report into, between its marks.", "FILE");
        var window = new WindowOptions();
        var report = new ReportOptions();
        var command = new Command("compare",
            "Measure two brokers in turn, A-B-B-A, and print the ratios. Commands have {data}, {port} and {port+1} in "
            + "them; each visit gets a new data directory and, as root, an empty page cache.")
        {
            a, b, rows, rounds, data, tool, metrics, goals, write,
        };
        window.AddTo(command, byBytes: false);
        report.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var asked = Goals(result.GetValue(goals));
            var names = Names(result.GetValue(rows)!);
            var options = new CompareOptions(
                result.GetValue(rounds), window.WarmUp(result), window.Duration(result), result.GetValue(data)!)
            {
                Rows = [.. CompareRow.All.Where(row => names.Contains(row.Name))],
                AloneRows = [.. CompareRow.Alone.Where(row => names.Contains(row.Name))],
                ScaleRows = [.. ScaleRow.All.Where(row => names.Contains(row.Name))],
                AloneScaleRows = [.. ScaleRow.Alone.Where(row => names.Contains(row.Name))],
                Limits = report.Limits(result),
                Tool = result.GetValue(tool) is { } template ? new PerfTool(template) : null,
                Metrics = result.GetValue(metrics),
            };
            var compared = new Comparison(options, Console.Error.WriteLine).Run(
                Contender(result.GetValue(a)!), result.GetValue(b) is { } other ? Contender(other) : null);
            Console.Out.Write(report.IsJson(result) ? compared.ToJson() + "\n" : CompareText.Of(compared));
            if (result.GetValue(write) is { } document)
            {
                var markdown = CompareMarkdown.Of(compared, asked);
                File.WriteAllText(document, CompareMarkdown.Into(File.ReadAllText(document), markdown));
            }

            return ExitCode.Success;
        }));
        return command;
    }

    private static Option<string?> Text(string name, string description, string help) =>
        new(name) { Description = description, HelpName = help };

    private static List<Goal> Goals(string? file)
    {
        try
        {
            return file is null ? [] : Goal.Parse(File.ReadLines(file));
        }
        catch (IOException missing)
        {
            throw new UsageException($"--goals {file}: {missing.Message}");
        }
    }

    /// <summary>A text with a blank in it is a command.</summary>
    private static Contender Contender(string text) => text.Contains(' ', StringComparison.Ordinal)
        ? new Contender(new BrokerCommand(text), null)
        : new Contender(null, BrokerAddress.Parse(text) ?? throw new UsageException(
            $"{text}: give HOST:PORT, or a command with {{data}} and {{port}} in it."));

    private static List<string> Names(string names)
    {
        if (names == "all")
            return RowNames;
        var asked = names.Split(',').ToList();
        return asked.Find(name => !RowNames.Contains(name)) is { } unknown
            ? throw new UsageException($"--rows {unknown}: there are {string.Join(", ", RowNames)}.")
            : asked;
    }
}
