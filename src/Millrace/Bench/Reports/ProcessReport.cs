using System.Diagnostics;

namespace Millrace.Bench.Reports;

/// <summary>What a process used while it was measured.</summary>
/// <param name="CpuCores">Cores that were busy with it on average.</param>
/// <param name="CpuSecondsPerGb">A GB being 10^9 bytes of batches.</param>
/// <param name="RssBytes">Resident memory at the end.</param>
internal sealed record ProcessReport(double CpuCores, double CpuSecondsPerGb, long RssBytes)
{
    /// <summary>Null where one of the looks found nothing.</summary>
    public static ProcessReport? Between(ProcessUsage? before, ProcessUsage? after, long bytes)
    {
        if (before is null || after is null)
            return null;
        var cpu = after.CpuSeconds - before.CpuSeconds;
        var seconds = Stopwatch.GetElapsedTime(before.Moment, after.Moment).TotalSeconds;
        return new ProcessReport(
            Math.Round(cpu / seconds, 3), bytes == 0 ? 0 : Math.Round(cpu / (bytes / 1e9), 4), after.RssBytes);
    }
}
