using Millrace.Bench.Brokers;
using Millrace.Bench.Limits;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>
/// Visits two brokers in the order A-B-B-A, so that a machine that becomes slower favours neither. A broker that is
/// started for it gets a new data directory in each visit, and an empty page cache where this user may empty it.
/// </summary>
internal sealed class Comparison(
    IReadOnlyList<CompareRow> rows, TimeSpan warmUp, TimeSpan duration, string dataParent)
{
    private const string StartRow = "start";
    private const int ChunkBytes = 64 << 10;

    private bool _isPageCacheEmptied = true;

    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="progress">Gets a line before each visit.</param>
    /// <param name="limits">Measured in the end; null for not at all.</param>
    public CompareReport Run(Contender a, Contender b, int rounds, Action<string> progress, MachineLimits? limits)
    {
        (Contender Of, bool IsA)[] round = [(a, true), (b, false), (b, false), (a, true)];
        var order = Enumerable.Repeat(round, rounds).SelectMany(visit => visit);
        var visits = new List<(bool IsA, string Row, string Figure, double Value)>();
        foreach (var (contender, isA) in order)
        {
            progress($"{(isA ? "A" : "B")}  {contender.Text}");
            visits.AddRange(Visit(contender).Select(found => (isA, found.Row, found.Figure, found.Value)));
        }

        var compared = visits.GroupBy(visit => visit.Row).Select(row => new ComparedRow(row.Key,
        [
            .. row.GroupBy(visit => visit.Figure)
                .Where(figure => figure.Any(visit => visit.IsA) && figure.Any(visit => !visit.IsA))
                .Select(figure => new ComparedFigure(
                    figure.Key,
                    Spread.Of(figure.Where(visit => visit.IsA).Select(visit => visit.Value)),
                    Spread.Of(figure.Where(visit => !visit.IsA).Select(visit => visit.Value)))),
        ]));
        return new CompareReport(
            a.Text, b.Text, rounds, _isPageCacheEmptied, [.. compared], limits?.Measure(ChunkBytes));
    }

    private List<(string Row, string Figure, double Value)> Visit(Contender contender)
    {
        var found = new List<(string, string, double)>();
        if (contender.Command is not { } command)
        {
            _isPageCacheEmptied = false;
            Measure(contender.Address!, null, found);
            return found;
        }

        using var data = new BrokerData(dataParent);

        // The first start may have to make a directory ready, with programs of its own: the second is measured.
        Start(command, data).Dispose();
        _isPageCacheEmptied &= BrokerData.TryEmptyPageCache();
        using var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        found.Add((StartRow, "ms", broker.WaitUntilServing().TotalMilliseconds));
        Thread.Sleep(TimeSpan.FromSeconds(1));
        if (ProcessUsage.Of(broker.Id) is { } idle)
            found.Add((StartRow, "idle RSS MB", idle.RssBytes / 1e6));
        Measure(broker.Address, broker.Id, found);
        broker.Stop();
        return found;
    }

    private static BrokerProcess Start(BrokerCommand command, BrokerData data)
    {
        var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        broker.WaitUntilServing();
        broker.Stop();
        return broker;
    }

    private void Measure(BrokerAddress address, int? pid, List<(string, string, double)> found)
    {
        using var cluster = new Cluster(address);
        foreach (var row in rows)
        {
            var report = row.Run(cluster, pid, warmUp, duration);
            found.AddRange(Figures(report).Select(figure => (row.Name, figure.Name, figure.Value)));
        }
    }

    private static IEnumerable<(string Name, double Value)> Figures(BenchReport report)
    {
        if (report.Figures.TryGetValue(BenchReport.Throughput, out var throughput))
            yield return ("MB/s", throughput);
        foreach (var (name, latency) in report.LatencyMicros.Where(latency => latency.Key != "sentLate"))
        {
            yield return ($"{name} p50 µs", latency.P50);
            yield return ($"{name} p99 µs", latency.P99);
            yield return ($"{name} p99.9 µs", latency.P999);
        }

        if (report.Broker is not { } broker)
            yield break;
        yield return throughput > 0 ? ("CPU s/GB", broker.CpuSecondsPerGb) : ("CPU cores", broker.CpuCores);
        yield return ("RSS MB", broker.RssBytes / 1e6);
    }
}
