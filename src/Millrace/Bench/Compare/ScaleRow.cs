using System.Diagnostics;
using Millrace.Bench.Brokers;
using Millrace.Bench.Commands;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>
/// What a broker of many partitions or connections costs, and how it comes back; each with a process and a
/// directory of its own, once a side.
/// </summary>
internal sealed record ScaleRow(string Name, Func<BrokerCommand, string, IEnumerable<Figure>> Run)
{
    private const int Connections = 10_000;
    private const long RecoveredBytes = 1L << 30;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>Of both brokers.</summary>
    public static IReadOnlyList<ScaleRow> All { get; } =
    [
        new("connections-10000", Connect),
        new("recovery-1G", Recover),
        new("partitions-2000", (command, parent) => Partitions(command, parent, 2_000)),
    ];

    /// <summary>Of the first broker alone.</summary>
    public static IReadOnlyList<ScaleRow> Alone { get; } =
    [
        new("partitions-10000", (command, parent) => Partitions(command, parent, 10_000)),
    ];

    private static List<Figure> Connect(BrokerCommand command, string parent)
    {
        using var data = new BrokerData(parent);
        using var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        broker.WaitUntilServing();
        Thread.Sleep(Rest);
        var report = ConnectionsBench.Measure(broker.Address, Connections, broker.Id);
        broker.Stop();
        return
        [
            new Figure("connections/s", report.Figures["connectionsPerSecond"]),
            new Figure("RSS growth MB", report.Figures["rssBytesPerConnection"] * Connections / 1e6),
        ];
    }

    private static List<Figure> Recover(BrokerCommand command, string parent)
    {
        var report = RecoveryBench.Measure(command, parent, RecoveredBytes, isCold: false);
        if (report.Figures["acknowledgedRecordsLost"] > 0)
            throw new BenchException($"{command.Text} lost {report.Figures["acknowledgedRecordsLost"]} records.");
        return [new Figure("recovered ms", report.Figures["recoveredMillis"])];
    }

    /// <summary>Makes them, with a record in each; restarts after kill -9, and after an end in order.</summary>
    private static List<Figure> Partitions(BrokerCommand command, string parent, int count)
    {
        using var data = new BrokerData(parent);
        var figures = new List<Figure>();
        string topic;
        using (var broker = command.Start(data.Path, BrokerCommand.FreePorts()))
        {
            broker.WaitUntilServing();
            Thread.Sleep(Rest);
            var before = Rss(broker);
            using var cluster = new Cluster(broker.Address);
            var began = Stopwatch.GetTimestamp();
            var created = cluster.CreateTopic($"partitions-{count}", count, -1);
            topic = created.Name;
            figures.Add(new Figure("create s", Stopwatch.GetElapsedTime(began).TotalSeconds));
            PartitionsBench.Append(created);
            figures.Add(new Figure("RSS growth MB", Rss(broker) - before));
            broker.Kill();
        }

        figures.Add(new Figure("start after kill -9 ms", Restart(command, data, topic, count)));
        figures.Add(new Figure("start ms", Restart(command, data, topic, count)));
        return figures;
    }

    /// <summary>Milliseconds from the start until a partition's end is known; then ends it in order.</summary>
    private static double Restart(BrokerCommand command, BrokerData data, string topic, int partitions)
    {
        var began = Stopwatch.GetTimestamp();
        using var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        broker.WaitUntilServing();
        using var cluster = new Cluster(broker.Address);
        var found = cluster.FindTopic(topic, partitions);
        if (cluster.EndOffset(found, found.Partitions[^1]) != 1)
            throw new BenchException($"{topic}-{found.Partitions[^1].Index} has lost its record.");
        var time = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        broker.Stop();
        return time;
    }

    private static double Rss(BrokerProcess broker) => (ProcessUsage.Of(broker.Id)?.RssBytes ?? 0) / 1e6;
}
