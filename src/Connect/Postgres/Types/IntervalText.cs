using System.Globalization;
using Millrace.Connect.Converters;

namespace Millrace.Connect.Postgres.Types;

/// <summary>Intervals in PostgreSQL's iso_8601 style, which both sessions set: <c>P1Y2M3DT4H5M6.789012S</c>.</summary>
internal static class IntervalText
{
    private const long MicrosPerMonth = 2_629_800 * TemporalText.MicrosPerSecond; // 30.4375 days

    public static void WriteMicros(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var parts = Parse(text);
        output.Long(checked((parts.Years * 12 + parts.Months) * MicrosPerMonth + parts.Days * TemporalText.MicrosPerDay
            + (parts.Hours * 3600 + parts.Minutes * 60) * TemporalText.MicrosPerSecond + parts.Micros));
    }

    public static void WriteIso(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var p = Parse(text);
        Span<byte> fraction = stackalloc byte[8];
        var micros = Math.Abs(p.Micros);
        var length = TemporalText.FormatFraction(micros % TemporalText.MicrosPerSecond, -1, fraction);
        var sign = p.Micros < 0 ? "-" : "";
        output.Raw(string.Create(CultureInfo.InvariantCulture,
            $"\"P{p.Years}Y{p.Months}M{p.Days}DT{p.Hours}H{p.Minutes}M{sign}{micros / TemporalText.MicrosPerSecond}"));
        output.Raw(fraction[..length]);
        output.Raw("S\""u8);
    }

    private static Parts Parse(ReadOnlySpan<byte> text)
    {
        var parts = default(Parts);
        var inTime = false;
        text = text[1..];
        while (!text.IsEmpty)
        {
            if (text[0] == 'T')
            {
                inTime = true;
                text = text[1..];
                continue;
            }
            var negative = text[0] == '-';
            var value = TemporalText.Number(ref text);
            var micros = value * TemporalText.MicrosPerSecond;
            if (text is [(byte)'.', ..])
            {
                text = text[1..];
                var digits = text.Length;
                var fraction = TemporalText.Number(ref text);
                for (digits -= text.Length; digits < 6; digits++)
                    fraction *= 10;
                micros += negative ? -fraction : fraction;
            }
            parts = (char)text[0] switch
            {
                'Y' => parts with { Years = value },
                'M' when !inTime => parts with { Months = value },
                'D' => parts with { Days = value },
                'H' => parts with { Hours = value },
                'M' => parts with { Minutes = value },
                'S' => parts with { Micros = micros },
                _ => throw new FormatException("the server's interval is not in iso_8601 style"),
            };
            text = text[1..];
        }
        return parts;
    }

    private readonly record struct Parts(long Years, long Months, long Days, long Hours, long Minutes, long Micros);
}
