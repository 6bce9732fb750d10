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
        return $"{dashboard.Elapsed.TotalSeconds,5:0.0} s  {dashboard.Application.Committed} commits "
            + $"({dashboard.TakeRate():0}/s), {dashboard.Changes} row changes, {dashboard.Records} records; "
            + $"{string.Join(", ", services)}; "
            + $"p50 {calm.Milliseconds(0.5):0.0} ms, p99 {calm.Milliseconds(0.99):0.0} ms";
    }

    private static IRenderable Frame(Dashboard dashboard)
    {
        var (application, latencies) = (dashboard.Application, dashboard.Latencies());
        var totals = new Grid().AddColumns(2);
        totals.AddRow("application", $"[bold]{application.Committed}[/] transactions committed, "
            + $"{application.RolledBack} rolled back, [bold]{dashboard.Changes}[/] row changes");
        totals.AddRow("Millrace", $"[bold]{dashboard.Records}[/] records in the topics of {Shop.Tables.Length} tables");
        totals.AddRow("commit to service", $"p50 [bold]{latencies.Calm.Milliseconds(0.5):0.0} ms[/], "
            + $"p99 [bold]{latencies.Calm.Milliseconds(0.99):0.0} ms[/] in normal running; "
            + $"p99 {latencies.All.Milliseconds(0.99):0} ms with the crashes");
        var services = new Table().Border(TableBorder.Rounded).AddColumn("service").AddColumn("follows");
        foreach (var column in new[] { "changes", "position", "lag", "redelivered", "p50 ms", "p99 ms" })
            services.AddColumn(new TableColumn(column).RightAligned());
        foreach (var consumer in dashboard.Consumers)
        {
            var (report, (p50, p99)) = (consumer.Report, consumer.CalmLatency());
            services.AddRow(consumer.Name, string.Join(", ", consumer.Tables),
                $"{report.Applied}", $"{report.Position}", report.Lag == 0 ? "0" : $"[yellow]{report.Lag}[/]",
                $"{report.Reread + report.Repeated}",
                $"{p50:0.0}", $"{p99:0.0}");
        }

        var happened = dashboard.Events.TakeLast(12).Select(Markup.Escape).Select(line => new Markup(line));
        return new Rows([new Markup($"[bold]millrace demo[/]  {dashboard.Elapsed.TotalSeconds:0} s"), totals, services,
            .. happened]);
    }
}
