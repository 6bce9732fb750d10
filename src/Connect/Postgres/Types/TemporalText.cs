using System.Buffers.Text;
using System.Text;

namespace Millrace.Connect.Postgres.Types;

/// <summary>
/// PostgreSQL's ISO date and time text to numbers and back to ISO-8601 as Java prints it. Own arithmetic, because
/// PostgreSQL's range (4713 BC to 294276 AD, infinity, 24:00) exceeds that of .NET.
/// </summary>
internal static class TemporalText
{
    public const long MicrosPerSecond = 1_000_000;
    public const long MicrosPerDay = 86_400 * MicrosPerSecond;

    public static bool IsInfinity(ReadOnlySpan<byte> text, out bool negative)
    {
        negative = text is [(byte)'-', ..];
        return text is [(byte)'i', ..] or [(byte)'-', (byte)'i', ..];
    }

    /// <summary>Days since 1970-01-01 of <c>2024-02-29</c> or <c>0044-03-15 BC</c>.</summary>
    public static long Days(ReadOnlySpan<byte> text)
    {
        var year = Number(ref text);
        Skip(ref text);
        var month = Number(ref text);
        Skip(ref text);
        var day = Number(ref text);
        return DaysFromCivil(text.EndsWith(" BC"u8) ? 1 - year : year, month, day);
    }

    /// <summary>Microseconds of <c>13:51:30.123456</c>; the rest of the text (zone, era) is left.</summary>
    public static long TimeOfDay(ref ReadOnlySpan<byte> text)
    {
        var seconds = Number(ref text) * 3600;
        Skip(ref text);
        seconds += Number(ref text) * 60;
        Skip(ref text);
        seconds += Number(ref text);
        var micros = 0L;
        if (text is [(byte)'.', ..])
        {
            text = text[1..];
            var digits = text.Length;
            micros = Number(ref text);
            for (digits -= text.Length; digits < 6; digits++)
                micros *= 10;
        }
        return seconds * MicrosPerSecond + micros;
    }

    /// <summary>Days since 1970 and microseconds of the day of a timestamp, in UTC. Apart, because the end of
    /// PostgreSQL's range is beyond 64 bits of microseconds since 1970.</summary>
    public static (long Days, long Micros) Timestamp(ReadOnlySpan<byte> text)
    {
        var space = text.IndexOf((byte)' ');
        if (space < 0)
            throw new FormatException($"'{Encoding.UTF8.GetString(text)}' is not a timestamp");
        var era = text.EndsWith(" BC"u8);
        var date = text[..space];
        var year = Number(ref date);
        Skip(ref date);
        var month = Number(ref date);
        Skip(ref date);
        var days = DaysFromCivil(era ? 1 - year : year, month, Number(ref date));
        var time = text[(space + 1)..];
        var micros = TimeOfDay(ref time);
        micros -= ZoneMicros(time);
        var carry = micros >= 0 ? micros / MicrosPerDay : (micros - MicrosPerDay + 1) / MicrosPerDay;
        return (days + carry, micros - carry * MicrosPerDay);
    }

    /// <summary>Microseconds since 1970, at the ends of 64 bits where they do not fit.</summary>
    public static long Epoch((long Days, long Micros) time)
    {
        var micros = (Int128)time.Days * MicrosPerDay + time.Micros;
        return micros > long.MaxValue ? long.MaxValue : micros < long.MinValue ? long.MinValue : (long)micros;
    }

    /// <summary>The zone <c>+02</c>, <c>-11:30</c>, <c>+05:53:28</c> in microseconds; 0 where none is.</summary>
    public static long ZoneMicros(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[0] is not ((byte)'+' or (byte)'-'))
            return 0;
        var sign = text[0] == '-' ? -1 : 1;
        text = text[1..];
        var seconds = Number(ref text) * 3600;
        for (var unit = 60; text is [(byte)':', ..]; unit /= 60)
        {
            text = text[1..];
            seconds += Number(ref text) * unit;
        }
        return sign * seconds * MicrosPerSecond;
    }

    public static int FormatDate(long days, Span<byte> into)
    {
        CivilFromDays(days, out var year, out var month, out var day);
        var at = 0;
        if (year > 9999)
            into[at++] = (byte)'+';
        if (year < 0)
            into[at++] = (byte)'-';
        at += Digits(Math.Abs(year), 4, into[at..]);
        into[at++] = (byte)'-';
        at += Digits(month, 2, into[at..]);
        into[at++] = (byte)'-';
        return at + Digits(day, 2, into[at..]);
    }

    /// <summary>Time of day; <paramref name="precision"/> digits of a fraction, -1 for as many as needed.</summary>
    public static int FormatTime(long micros, int precision, Span<byte> into)
    {
        var seconds = micros / MicrosPerSecond;
        var at = Digits(seconds / 3600, 2, into);
        into[at++] = (byte)':';
        at += Digits(seconds / 60 % 60, 2, into[at..]);
        into[at++] = (byte)':';
        at += Digits(seconds % 60, 2, into[at..]);
        return at + FormatFraction(micros % MicrosPerSecond, precision, into[at..]);
    }

    public static int FormatFraction(long micros, int precision, Span<byte> into)
    {
        if (precision == 0 || (precision < 0 && micros == 0))
            return 0;
        into[0] = (byte)'.';
        Digits(micros, 6, into[1..]);
        var length = precision > 0 ? precision + 1 : 7;
        while (precision < 0 && into[length - 1] == '0')
            length--;
        return length;
    }

    public static int FormatTimestamp((long Days, long Micros) time, int precision, Span<byte> into)
    {
        var at = FormatDate(time.Days, into);
        into[at++] = (byte)'T';
        at += FormatTime(time.Micros, precision, into[at..]);
        into[at++] = (byte)'Z';
        return at;
    }

    public static long Number(ref ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text, out long value, out var consumed))
            throw new FormatException($"a number is missing at '{Encoding.UTF8.GetString(text)}'");
        text = text[consumed..];
        return value;
    }

    private static void Skip(ref ReadOnlySpan<byte> text) => text = text.IsEmpty ? text : text[1..];

    private static int Digits(long value, int width, Span<byte> into)
    {
        Utf8Formatter.TryFormat(value, into, out var written, new System.Buffers.StandardFormat('D', (byte)width));
        return written;
    }

    private static long DaysFromCivil(long year, long month, long day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = (year >= 0 ? year : year - 399) / 400;
        var yearOfEra = year - era * 400;
        var dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    }

    private static void CivilFromDays(long days, out long year, out long month, out long day)
    {
        days += 719_468;
        var era = (days >= 0 ? days : days - 146_096) / 146_097;
        var dayOfEra = days - era * 146_097;
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var shifted = (5 * dayOfYear + 2) / 153;
        day = dayOfYear - (153 * shifted + 2) / 5 + 1;
        month = shifted < 10 ? shifted + 3 : shifted - 9;
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    }
}
