namespace Millrace.Demo;

/// <summary>The last words of the demo.</summary>
internal static class Summary
{
    public static void Write(Dashboard dashboard, IReadOnlyList<ServiceVerdict> verdicts, IReadOnlyList<Crash> crashes)
    {
        var (application, latencies) = (dashboard.Application, dashboard.Latencies());
        Console.WriteLine();
        foreach (var verdict in verdicts)
            Console.WriteLine(Of(verdict));
        Console.WriteLine();
        Line("transactions", $"{application.Committed} committed, {application.RolledBack} rolled back, "
            + $"{application.Interrupted} cut off by the crash");
        if (application.InDoubt > 0)
            Line("", $"{Counted(application.InDoubt, "commit")} unanswered at the crash, settled by reading");
        Line("row changes", $"{dashboard.Changes}");
        Line("lost", $"{verdicts.Sum(v => v.Lost)}");
        var (reread, repeated) = (verdicts.Sum(v => v.Totals.Reread), verdicts.Sum(v => v.Totals.Repeated));
        Line("duplicated", $"{reread + repeated}, all recognized (twice in a topic: {repeated}, read twice: {reread})");
        Line("commit to service", $"p50 {latencies.Calm.Milliseconds(0.5):0.0} ms, "
            + $"p99 {latencies.Calm.Milliseconds(0.99):0.0} ms in normal running");
        Line("", $"p99 {latencies.All.Milliseconds(0.99):0} ms, "
            + $"longest {latencies.All.Milliseconds(1):0} ms with the crashes");
        Console.WriteLine();
        Line("after kill -9 of", $"{"serves again",12}  {"changes flow again",18}");
        foreach (var crash in crashes)
            Line(crash.What, $"{crash.Serves.TotalMilliseconds,9:0} ms  {crash.Flows.TotalMilliseconds,15:0} ms");
        Console.WriteLine();
        Console.WriteLine(verdicts.All(v => v.IsRight)
            ? "Nothing was lost: every copy equals the tables, row by row."
            : "FAILED: see above. With --keep the databases, logs and copies stay.");
    }

    public static string Counted(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string Of(ServiceVerdict verdict) => verdict.IsRight
        ? $"{verdict.Service,-10} {Counted(verdict.Rows, "row")} equal; all {verdict.InitialRows} initial rows and "
            + $"{Counted(verdict.Expected - verdict.InitialRows, "change")} arrived"
        : $"{verdict.Service,-10} WRONG: of {verdict.InitialRows} initial rows and "
            + $"{Counted(verdict.Expected - verdict.InitialRows, "change")} {verdict.Lost} lost, "
            + $"{verdict.Surplus} surplus; {Counted(verdict.Differences, "difference")}"
            + (verdict.Example is null ? "" : $", such as {verdict.Example}");

    private static void Line(string name, string text) => Console.WriteLine($"{name,-18} {text}");
}
