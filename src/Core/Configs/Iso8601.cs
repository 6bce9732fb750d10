using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.Core.Configs;

/// <summary>Durations as Kafka's settings write them.</summary>
internal static partial class Iso8601
{
    /// <summary>PnDTnHnMn.nS, of which at least one part is there; in whole milliseconds.</summary>
    public static bool TryParseDuration(string text, out long milliseconds)
    {
        milliseconds = 0;
        var match = Duration().Match(text);
        if (!match.Success || text.EndsWith('P') || text.EndsWith('T'))
            return false;
        var total = 0m;
        (string Part, decimal Ms)[] parts = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
        foreach (var (part, ms) in parts)
            if (match.Groups[part] is { Success: true } group)
                total += decimal.Parse(group.ValueSpan, CultureInfo.InvariantCulture) * ms;
        if (total > long.MaxValue)
            return false;
        milliseconds = (long)total;
        return true;
    }

    [GeneratedRegex(
        @"\AP(?:(?<d>\d{1,15})D)?(?:T(?:(?<h>\d{1,15})H)?(?:(?<m>\d{1,15})M)?(?:(?<s>\d{1,15}(?:\.\d{1,9})?)S)?)?\z")]
    private static partial Regex Duration();
}
