using System.Diagnostics;
using System.Globalization;

namespace Millrace.Bench.Reports;

/// <summary>What a process has used up to a moment, as /proc tells.</summary>
internal sealed record ProcessUsage(long Moment, double CpuSeconds, long RssBytes)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux
    private const int UserTimeAt = 11; // behind the name: state is 0
    private const int SystemTimeAt = 12;

    /// <summary>Null when the process is not there, or the system has no /proc.</summary>
    public static ProcessUsage? Of(int? pid)
    {
        try
        {
            if (pid is not { } id || !Directory.Exists("/proc/self"))
                return null;
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = Number(fields[UserTimeAt]) + Number(fields[SystemTimeAt]);
            var rss = File.ReadLines($"/proc/{id}/status")
                .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return new ProcessUsage(
                Stopwatch.GetTimestamp(), ticks / TicksPerSecond, Number(rss.Split(' ')[^2]) * 1024);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
