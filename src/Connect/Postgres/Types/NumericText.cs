using System.Globalization;
using System.Numerics;
using System.Text;
using Millrace.Connect.Converters;

namespace Millrace.Connect.Postgres.Types;

/// <summary>PostgreSQL's numeric text to the big-endian unscaled integers of Connect's Decimal.</summary>
internal static class NumericText
{
    private const int LongDigits = 18;

    public static bool IsFinite(ReadOnlySpan<byte> text) =>
        text is not ([(byte)'N', ..] or [(byte)'I', ..] or [(byte)'-', (byte)'I', ..]);

    /// <summary>The unscaled value at <paramref name="scale"/> as base64 of two's complement.</summary>
    public static void WriteUnscaled(ReadOnlySpan<byte> text, int scale, JsonOutput output)
    {
        Span<byte> digits = text.Length + scale + 1 <= 256 ? stackalloc byte[256] : new byte[text.Length + scale + 1];
        var count = Unscaled(text, scale, digits);
        var negative = text[0] == '-';
        Span<byte> bytes = count <= LongDigits ? stackalloc byte[9] : new byte[count / 2 + 2];
        int written;
        if (count <= LongDigits)
        {
            var value = 0L;
            foreach (var digit in digits[..count])
                value = value * 10 + (digit - '0');
            written = Minimal(negative ? -value : value, bytes);
        }
        else
        {
            var value = BigInteger.Parse(Encoding.ASCII.GetString(digits[..count]), NumberStyles.None,
                CultureInfo.InvariantCulture);
            (negative ? -value : value).TryWriteBytes(bytes, out written, isUnsigned: false, isBigEndian: true);
        }
        output.Base64(bytes[..written]);
    }

    /// <summary>Unbounded numeric: its own scale with trailing zeros of the fraction removed.</summary>
    public static void WriteVariableScale(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var point = text.IndexOf((byte)'.');
        var fraction = point < 0 ? [] : text[(point + 1)..].TrimEnd((byte)'0');
        output.Raw("{\"scale\":"u8);
        output.Long(fraction.Length);
        output.Raw(",\"value\":"u8);
        WriteUnscaled(point < 0 ? text : text[..(point + 1 + fraction.Length)], fraction.Length, output);
        output.Raw((byte)'}');
    }

    private static int Unscaled(ReadOnlySpan<byte> text, int scale, Span<byte> digits)
    {
        var count = 0;
        var fraction = -1;
        foreach (var c in text)
        {
            if (c == '.')
            {
                fraction = 0;
            }
            else if (c is >= (byte)'0' and <= (byte)'9')
            {
                if (fraction == scale)
                    break;
                if (fraction >= 0)
                    fraction++;
                if (count > 0 || c != '0')
                    digits[count++] = c;
            }
        }
        for (var i = Math.Max(fraction, 0); i < scale && count > 0; i++)
            digits[count++] = (byte)'0';
        return count;
    }

    private static int Minimal(long value, Span<byte> bytes)
    {
        var length = 1;
        while (length < 8 && (value << (64 - 8 * length)) >> (64 - 8 * length) != value)
            length++;
        for (var i = 0; i < length; i++)
            bytes[i] = (byte)(value >> (8 * (length - 1 - i)));
        return length;
    }
}
