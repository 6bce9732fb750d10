using System.Globalization;

namespace Millrace.Bench.Compare;

/// <summary>How much of this machine's processors nobody uses.</summary>
internal static class Idle
{
    private const int IdleAt = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>The share from 0 to 1 in a quarter of a second; null where the system does not tell.</summary>
    public static double? Share()
    {
        const string statistics = "/proc/stat";
        if (!File.Exists(statistics))
            return null;
        var before = File.ReadLines(statistics).First();
        Thread.Sleep(Look);
        return Between(before, File.ReadLines(statistics).First());
    }

    /// <summary>Of two looks at the first line of /proc/stat; null where no time has passed.</summary>
    public static double? Between(string before, string after)
    {
        var passed = Ticks(before).Zip(Ticks(after), (from, to) => to - from).ToList();
        var all = passed.Sum();
        return all == 0 ? null : (double)passed[IdleAt] / all;
    }

    /// <summary>user nice system idle iowait irq softirq steal; guests are in user.</summary>
    private static IEnumerable<long> Ticks(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Skip(1).Take(8).Select(text => long.Parse(text, CultureInfo.InvariantCulture));
}
