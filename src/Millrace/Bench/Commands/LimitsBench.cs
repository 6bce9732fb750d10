using System.CommandLine;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench limits</c>: what this machine gives to anybody.</summary>
internal static class LimitsBench
{
    private const int LargestChunk = 64 << 20;

    public static Command Create()
    {
        var report = new ReportOptions();
        var chunk = BenchOption.Size("--chunk-size", "The pieces in which bytes are moved.", "64KiB", 1, LargestChunk);
        var pings = BenchOption.Number(
            "--pings", "Round trips a second; 0 for one after the other.", 0, 0, 100_000);
        var command = new Command("limits", "Measure loopback, disk, flushes and round trips of this machine.")
        {
            chunk, pings,
        };
        report.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var limits = report.Limits(result)
                ?? throw new UsageException("--limit-seconds 0: nothing would be measured.");
            var chunkBytes = (int)result.GetValue(chunk);
            return report.Print(result, new BenchReport("limits")
            {
                Settings = { ["chunkBytes"] = chunkBytes, ["pingsPerSecond"] = result.GetValue(pings) },
                Limits = limits.Measure(chunkBytes, result.GetValue(pings)) with
                {
                    DiskReadMegabytesPerSecond = limits.ColdRead(),
                },
            });
        }));
        return command;
    }
}
