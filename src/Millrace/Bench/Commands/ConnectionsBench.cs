using System.CommandLine;
using System.Diagnostics;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;
using Millrace.Protocol.Messages;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench connections</c>: what idle connections cost.</summary>
internal static class ConnectionsBench
{
    public static Command Create()
    {
        var target = new TargetOptions(hasTopic: false);
        var count = BenchOption.Number("--count", "Connections.", 1000, 1, 60_000);
        var command = new Command("connections",
            "Open connections that make one request each and stay; then one more request on each.")
        {
            count,
        };
        target.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
            target.Print(result, Measure(target.Bootstrap(result), result.GetValue(count), target.Pid(result)))));
        return command;
    }

    /// <param name="address">Where.</param>
    /// <param name="count">Connections.</param>
    /// <param name="pid">The broker's process; null if it is not known.</param>
    public static BenchReport Measure(BrokerAddress address, int count, int? pid)
    {
        var connections = new List<WireConnection>(count);
        try
        {
            var before = ProcessUsage.Of(pid);
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < count; i++)
                connections.Add(WireConnection.Open(address));
            var opened = Stopwatch.GetElapsedTime(began);
            var after = ProcessUsage.Of(pid);
            var histogram = LatencyReport.NewHistogram();
            foreach (var connection in connections)
            {
                var sent = Stopwatch.GetTimestamp();
                connection.Call<MetadataResponse>(ApiKey.Metadata, new MetadataRequest { Topics = [] });
                LatencyReport.Record(histogram, Stopwatch.GetElapsedTime(sent));
            }

            var report = new BenchReport("connections")
            {
                Settings = { ["count"] = count },
                Figures =
                {
                    ["seconds"] = Math.Round(opened.TotalSeconds, 3),
                    ["connectionsPerSecond"] = Math.Round(count / opened.TotalSeconds, 1),
                },
                LatencyMicros = { ["metadata"] = LatencyReport.Of(histogram)! },
                Broker = ProcessReport.Between(before, after, bytes: 0),
            };
            if (before is not null && after is not null)
            {
                report.Figures["rssBytesPerConnection"] =
                    Math.Round((double)(after.RssBytes - before.RssBytes) / count);
            }

            return report;
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }
}
