using Millrace.Shared;

namespace Millrace.Clients.Conformance;

/// <summary>
/// One run of all scenarios of the peers' conformance suite against one server, and what Apache Kafka answered.
/// </summary>
public sealed class ConformanceRun : IAsyncDisposable
{
    private const string Suite = "conformance";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(12);

    private readonly DirectoryInfo _answers = Directory.CreateTempSubdirectory("millrace-conformance-");
    private readonly Lazy<Task> _run;

    public ConformanceRun() => _run = new Lazy<Task>(Run);

    /// <summary>All of them; one that stands for them where the suite is absent, so that it can be skipped.</summary>
    internal static IEnumerable<string> Scenarios =>
        Peers.Find(Suite, "expected") is { } folder
            ? Directory.EnumerateFiles(folder, "*.txt").Select(Path.GetFileNameWithoutExtension).Order()!
            : ["all"];

    /// <summary>What follows each step's name, by its name.</summary>
    internal static Dictionary<string, string> Expected(string scenario) =>
        Steps(Peers.Require(Suite, "expected", scenario + ".txt"));

    /// <summary>The steps that are meant to differ, and whether they need not.</summary>
    internal static (string Step, bool IsOptional)[] Differences(string scenario) =>
    [
        .. File.ReadLines(Checkout.File("tests", "Clients", "Conformance", "differences.txt"))
            .Where(line => line.StartsWith(scenario + " | ", StringComparison.Ordinal))
            .Select(line => line.Split(" | "))
            .Select(parts => (parts[1], parts[2].StartsWith("may differ", StringComparison.Ordinal))),
    ];

    internal async Task<Dictionary<string, string>> Answers(string scenario)
    {
        Peers.Require(Suite, "run");
        await _run.Value;
        var file = Path.Combine(_answers.FullName, scenario + ".txt");
        Assert.True(File.Exists(file), $"the suite wrote no {scenario}.txt");
        return Steps(file);
    }

    public ValueTask DisposeAsync()
    {
        _answers.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task Run()
    {
        await using var server = await MillraceServer.Start();
        await using var suite = ChildProcess.Start(
            Peers.Require(Suite, "run"), "--bootstrap", server.Bootstrap, "--out", _answers.FullName);
        using var deadline = new CancellationTokenSource(Patience);
        var printed = suite.Output.ReadToEndAsync(deadline.Token);
        await suite.Exit(deadline.Token);
        await printed;
        Assert.Equal(0, await server.Terminate());
    }

    /// <summary>A step is a line "STEP name: ..." with the lines behind it.</summary>
    private static Dictionary<string, string> Steps(string file)
    {
        var steps = new Dictionary<string, string>();
        var name = "";
        foreach (var line in File.ReadLines(file).Skip(1))
        {
            var text = line;
            if (line.Split(' ')[0] is "STEP" or "SEND" or "RECV" or "WAIT" or "STOPPED")
            {
                var colon = line.IndexOf(": ", StringComparison.Ordinal);
                name = colon < 0 ? line : line[..colon];
                text = colon < 0 ? "" : line[(colon + 2)..];
                steps[name] = "";
            }

            if (name.Length > 0)
                steps[name] += text + "\n";
        }

        return steps;
    }
}
