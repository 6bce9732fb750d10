using System.Globalization;

namespace Millrace.Integration.Broker;

/// <summary>What the system says of a process.</summary>
internal sealed record ProcessFigures(long ResidentMb, int Threads, int OpenFiles, double CpuSeconds)
{
    private const double TicksPerSecond = 100;

    public static ProcessFigures Of(int process)
    {
        var status = File.ReadLines($"/proc/{process}/status").Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim().Split(' ')[0]);
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var times = stat[(stat.LastIndexOf(')') + 2)..].Split(' ').AsSpan(11, 2); // utime and stime
        return new ProcessFigures(
            Number(status["VmRSS"]) / 1024,
            (int)Number(status["Threads"]),
            Directory.GetFiles($"/proc/{process}/fd").Length,
            (Number(times[0]) + Number(times[1])) / TicksPerSecond);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
