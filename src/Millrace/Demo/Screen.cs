using Spectre.Console;
using Spectre.Console.Rendering;

namespace Millrace.Demo;

/// <summary>
/// What the user sees: a live table in a terminal, a line every few seconds elsewhere. What happens is told at once, in
/// the table's lower part while it is shown.
/// </summary>
internal sealed class Screen
{
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(3);

    /// <summary>Columns left free at the right, so that the terminal's echo of Ctrl-C wraps no line.</summary>
    private const int Margin = 4;

    /// <summary>The services' columns, each with the width from which on there is room for it.</summary>
    private static readonly (string Header, int From, Func<ConsumerProcess, string> Cell)[] Columns =
    [
        ("service", 0, service => service.Name),
        ("follows", 100, service => string.Join(", ", service.Tables)),
        ("applied", 0, service => $"{service.Report.Applied}"),
        ("position", 74, service => $"{service.Report.Position}"),
        ("lag", 0, service => service.Report.Lag is 0 ? "0" : $"[yellow]{service.Report.Lag}[/]"),
        ("redelivered", 0, service => $"{service.Report.Reread + service.Report.Repeated}"),
        ("p50 ms", 74, service => $"{service.CalmLatency().P50:0.0}"),
        ("p99 ms", 0, service => $"{service.CalmLatency().P99:0.0}"),
    ];

    private readonly bool _isTerminal = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;
    private Dashboard? _shown;

    public void Tell(string text)
    {
        _shown?.Add(text);
        if (_shown is null)
            Console.WriteLine(text);
        else if (!_isTerminal)
            Console.WriteLine(_shown.Events[^1]);
    }

    /// <summary>Shows how it goes until the work is done, whatever its outcome.</summary>
    public async Task ShowAsync(Dashboard dashboard, Task work)
    {
        _shown = dashboard;
        if (_isTerminal)
            await AnsiConsole.Live(Frame(dashboard)).StartAsync(live => FramesAsync(live, dashboard, work));
        else
            await LinesAsync(dashboard, work);
        _shown = null;
        await work;
    }

    private static async Task FramesAsync(LiveDisplayContext live, Dashboard dashboard, Task work)
    {
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(FrameInterval));
            live.UpdateTarget(Frame(dashboard));
        }
    }

    private static async Task LinesAsync(Dashboard dashboard, Task work)
    {
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(LineInterval));
            Console.WriteLine(Line(dashboard));
        }
    }

    private static string Line(Dashboard dashboard)
    {
        var calm = dashboard.Latencies().Calm;
        var services = dashboard.Consumers.Select(c => $"{c.Name} {c.Report.Applied} (lag {c.Report.Lag})");
        var commits = Summary.Counted(dashboard.Application.Committed, "commit");
        return $"{dashboard.Elapsed.TotalSeconds,5:0.0} s  {commits} "
            + $"({dashboard.TakeRate():0}/s), {dashboard.Changes} row changes, {dashboard.Records} records; "
            + $"{string.Join(", ", services)}; "
            + $"p50 {calm.Milliseconds(0.5):0.0} ms, p99 {calm.Milliseconds(0.99):0.0} ms";
    }

    /// <summary>The newest events for which the terminal has room.</summary>
    private static IRenderable Frame(Dashboard dashboard)
    {
        var profile = AnsiConsole.Profile;
        var width = Math.Max(20, profile.Width - Margin);
        IRenderable[] head = [new Markup($"[bold]millrace demo[/]  {dashboard.Elapsed.TotalSeconds:0} s"),
            Totals(dashboard), Services(dashboard, width)];
        var events = dashboard.Events.TakeLast(profile.Height).ToList();
        while (true)
        {
            var frame = new Grid().AddColumn(new GridColumn { Width = width, Padding = new Padding(0) });
            foreach (var part in head.Concat(events.Select(text => new Text(text))))
                frame.AddRow(part);
            if (events.Count == 0 || HeightOf(frame) < profile.Height)
                return frame;
            events.RemoveAt(0);
        }
    }

    private static int HeightOf(IRenderable frame) => Segment.SplitLines(
        frame.Render(RenderOptions.Create(AnsiConsole.Console), AnsiConsole.Profile.Width)).Count;

    private static Grid Totals(Dashboard dashboard)
    {
        var (application, (all, calm)) = (dashboard.Application, dashboard.Latencies());
        var totals = new Grid().AddColumns(2);
        totals.AddRow("application", $"[bold]{application.Committed}[/] committed, "
            + $"{application.RolledBack} rolled back, [bold]{dashboard.Changes}[/] row changes");
        totals.AddRow("Millrace", $"[bold]{dashboard.Records}[/] records (a delete is two) "
            + $"in {Shop.Tables.Length} topics");
        totals.AddRow("latency", $"p50 [bold]{calm.Milliseconds(0.5):0.0} ms[/], "
            + $"p99 [bold]{calm.Milliseconds(0.99):0.0} ms[/] from commit to service");
        if (all.Count > calm.Count)
            totals.AddRow("", $"p99 {all.Milliseconds(0.99):0} ms with the crashes");
        return totals;
    }

    private static Table Services(Dashboard dashboard, int width)
    {
        var columns = Columns.Where(column => column.From <= width).ToList();
        var services = new Table().Border(TableBorder.Rounded);
        foreach (var (header, _, _) in columns)
            services.AddColumn(header is "service" or "follows"
                ? new TableColumn(header) : new TableColumn(header).RightAligned());
        foreach (var consumer in dashboard.Consumers)
            services.AddRow([.. columns.Select(column => column.Cell(consumer))]);
        return services;
    }
}
