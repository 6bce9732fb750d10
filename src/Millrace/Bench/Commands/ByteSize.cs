using System.Globalization;

namespace Millrace.Bench.Commands;

/// <summary>Sizes as people write them: 100, 16KiB, 1M, 20G; K, M and G are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "KMG";

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = text[digits..].ToUpperInvariant();
        var shift = unit.Length == 0 || unit == "B" ? 0 : 10 * (1 + Units.IndexOf(unit[0]));
        var isUnit = shift == 0 ? unit is "" or "B" : unit[1..] is "" or "B" or "IB";
        if (!isUnit || !long.TryParse(text.AsSpan(0, digits), CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue >> shift)
            return false;
        bytes = number << shift;
        return true;
    }
}
