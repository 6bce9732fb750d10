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
            + $"{application.Interrupted} ended by the crash of PostgreSQL");
        if (application.InDoubt > 0)
            Line("", $"{application.InDoubt} commits whose answer the crash swallowed, settled by reading");
        Line("row changes", $"{dashboard.Changes}");
        Line("lost", $"{verdicts.Sum(v => v.Lost)}");
        var (reread, repeated) = (verdicts.Sum(v => v.Totals.Reread), verdicts.Sum(v => v.Totals.Repeated));
        Line("duplicated", $"{reread + repeated} redelivered and recognized "
            + $"({repeated} stand twice in a topic, {reread} were read twice)");
        Line("commit to service", $"p50 {latencies.Calm.Milliseconds(0.5):0.0} ms, "
            + $"p99 {latencies.Calm.Milliseconds(0.99):0.0} ms in normal running; with the crashes "
            + $"p99 {latencies.All.Milliseconds(0.99):0} ms, longest {latencies.All.Milliseconds(1):0} ms");
        foreach (var crash in crashes)
        {
            Line($"kill -9 {crash.What}", $"serves again after {crash.Serves.TotalMilliseconds:0} ms, "
                + $"changes flow again after {crash.Flows.TotalMilliseconds:0} ms");
        }

        Console.WriteLine();
        Console.WriteLine(verdicts.All(v => v.IsRight)
            ? "Nothing was lost: every copy equals the tables, row by row."
            : "FAILED: see above. With --keep the databases, logs and copies stay.");
    }

    private static string Of(ServiceVerdict verdict) => verdict.IsRight
        ? $"{verdict.Service,-10} {verdict.Rows} rows equal, all {verdict.Expected} changes arrived"
        : $"{verdict.Service,-10} WRONG: {verdict.Lost} of {verdict.Expected} changes lost, {verdict.Surplus} surplus, "
            + $"{verdict.Differences} differences{(verdict.Example is null ? "" : $", such as {verdict.Example}")}";

    private static void Line(string name, string text) => Console.WriteLine($"{name,-18} {text}");
}
