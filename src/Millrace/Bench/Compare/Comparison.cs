using System.Globalization;
using Millrace.Bench.Brokers;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>
/// Visits brokers in the order A-B-B-A, so that a machine that becomes slower favours neither. A broker that is started
/// for it gets a new data directory in each visit, and an empty page cache where this user may empty it.
/// </summary>
internal sealed class Comparison(CompareOptions options, Action<string> progress)
{
    private const string StartRow = "start";
    private const double Quiet = 0.9;

    private readonly List<(bool IsA, string Row, Figure Figure)> _found = [];
    private readonly List<string> _warnings = [];
    private bool _isPageCacheEmptied = true;

    /// <param name="a">The first.</param>
    /// <param name="b">The second; null to measure the first alone.</param>
    public CompareReport Run(Contender a, Contender? b)
    {
        List<(Contender Of, bool IsA)> round = b is null
            ? [(a, true), (a, true)]
            : [(a, true), (b, false), (b, false), (a, true)];
        var isFirst = true;
        foreach (var (contender, isA) in Enumerable.Repeat(round, options.Rounds).SelectMany(visit => visit))
        {
            progress($"{(isA ? "A" : "B")}  {contender.Text}");
            Visit(contender, isA, isFirst ? [.. options.Rows, .. options.AloneRows] : options.Rows);
            isFirst = false;
        }

        Scale(a, true, [.. options.ScaleRows, .. options.AloneScaleRows]);
        if (b is not null)
            Scale(b, false, options.ScaleRows);
        return new CompareReport(
            a.Text, b?.Text, options.Rounds, _isPageCacheEmptied, Rows(), options.Limits?.Measure(64 << 10), _warnings);
    }

    private void Visit(Contender contender, bool isA, IReadOnlyList<CompareRow> rows)
    {
        if (contender.Command is not { } command)
        {
            _isPageCacheEmptied = false;
            Measure(contender.Address!, null, isA, rows);
            return;
        }

        using var data = new BrokerData(options.DataParent);

        // The first start may have to make a directory ready, with programs of its own: the second is measured.
        using (var first = command.Start(data.Path, BrokerCommand.FreePorts()))
        {
            first.WaitUntilServing();
            first.Stop();
        }

        _isPageCacheEmptied &= BrokerData.TryEmptyPageCache();
        using var broker = command.Start(data.Path, BrokerCommand.FreePorts());
        Found(isA, StartRow, new Figure("ms, page cache empty", broker.WaitUntilServing().TotalMilliseconds));
        broker.Stop();
        using var again = command.Start(data.Path, BrokerCommand.FreePorts());
        Found(isA, StartRow, new Figure("ms", again.WaitUntilServing().TotalMilliseconds));
        Thread.Sleep(TimeSpan.FromSeconds(1));
        if (ProcessUsage.Of(again.Id) is { } idle)
            Found(isA, StartRow, new Figure("idle RSS MB", idle.RssBytes / 1e6));
        Measure(again.Address, again.Id, isA, rows);
        again.Stop();
    }

    private void Measure(BrokerAddress address, int? pid, bool isA, IReadOnlyList<CompareRow> rows)
    {
        using var cluster = new Cluster(address);
        var metrics = isA
            ? options.Metrics?.Replace("{port+1}", $"{address.Port + 1}", StringComparison.Ordinal)
            : null;
        var visit = new Visit(cluster, pid, options.WarmUp, options.Duration)
        {
            Limits = isA ? options.Limits : null,
            Tool = options.Tool,
            Metrics = metrics is null ? null : new Uri(metrics),
        };
        foreach (var row in rows)
            Try(isA, row.Name, () => row.Run(visit));
    }

    private void Scale(Contender contender, bool isA, IEnumerable<ScaleRow> rows)
    {
        if (contender.Command is not { } command)
            return;
        foreach (var row in rows)
            Try(isA, row.Name, () => row.Run(command, options.DataParent));
    }

    /// <summary>A row that can't be measured is told and has no figure; the others are measured all the same.</summary>
    private void Try(bool isA, string row, Func<IEnumerable<Figure>> run)
    {
        if (Idle.Share() is { } share and < Quiet)
            Warn($"before {row} of {(isA ? "A" : "B")} the machine was idle for {share:0%} only");
        try
        {
            foreach (var figure in run())
            {
                Found(isA, row, figure);
                progress(string.Create(
                    CultureInfo.InvariantCulture, $"  {row,-26}{figure.Name,-24}{figure.Value,14:0.###}"));
            }
        }
        catch (BenchException failure)
        {
            Warn($"{row} of {(isA ? "A" : "B")} has no figure: {failure.Message}");
        }
    }

    private void Warn(string warning)
    {
        progress($"  {warning}");
        _warnings.Add(warning);
    }

    private void Found(bool isA, string row, Figure figure) => _found.Add((isA, row, figure));

    private List<ComparedRow> Rows() =>
    [
        .. _found.GroupBy(found => found.Row).Select(row => new ComparedRow(row.Key,
        [
            .. row.GroupBy(found => found.Figure.Name).Select(figure => new ComparedFigure(
                figure.Key, Side(figure, isA: true), Side(figure, isA: false))),
        ])),
    ];

    private static Spread? Side(IEnumerable<(bool IsA, string Row, Figure Figure)> found, bool isA)
    {
        var values = found.Where(one => one.IsA == isA).Select(one => one.Figure.Value).ToList();
        return values.Count == 0 ? null : Spread.Of(values);
    }
}
