using System.CommandLine;
using Millrace.Bench.Brokers;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench start COMMAND</c>: from the process's start to its first answer.</summary>
internal static class StartBench
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var report = new ReportOptions();
        var broker = BrokerOptions.Command("COMMAND");
        var data = BrokerOptions.DataParent();
        var rounds = BenchOption.Number("--rounds", "How often it is started.", 5, 1, 1000);
        var command = new Command("start", "Start a broker on a new directory, and again and again on that one.")
        {
            broker, data, rounds,
        };
        report.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() => report.Print(result, Measure(
            new BrokerCommand(result.GetValue(broker)!), result.GetValue(data)!, result.GetValue(rounds)))));
        return command;
    }

    /// <summary>The first start, which may have to make a directory ready, stands apart.</summary>
    public static BenchReport Measure(BrokerCommand command, string dataParent, int rounds)
    {
        using var data = new BrokerData(dataParent);
        var first = StartOnce(command, data).Time;
        var starts = Enumerable.Range(0, rounds).Select(_ => StartOnce(command, data)).ToList();
        var times = starts.Select(start => start.Time).Order().ToList();
        return new BenchReport("start")
        {
            Settings = { ["command"] = command.Text, ["rounds"] = rounds },
            Figures =
            {
                ["firstStartMillis"] = first,
                ["startMillis"] = times[times.Count / 2],
                ["startMillisMin"] = times[0],
                ["startMillisMax"] = times[^1],
                ["idleRssBytes"] = starts.Select(start => start.RssBytes).Order().ElementAt(starts.Count / 2),
            },
        };
    }

    private static (double Time, long RssBytes) StartOnce(BrokerCommand command, BrokerData data)
    {
        using var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        var time = broker.WaitUntilServing();
        Thread.Sleep(Rest);
        var rss = ProcessUsage.Of(broker.Id)?.RssBytes ?? 0;
        broker.Stop();
        return (Math.Round(time.TotalMilliseconds, 1), rss);
    }
}
