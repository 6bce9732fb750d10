using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Millrace.Connect.Converters;

/// <summary>
/// Floating point numbers as Java prints them: plain from 10^-3 up to 10^7, otherwise <c>d.dddE±n</c>, always with a
/// fraction. Works on the shortest decimal text, so that no value is rounded on the way.
/// </summary>
internal static class JavaNumber
{
    /// <summary>Writes a number given as PostgreSQL or .NET print it; NaN and infinities become JSON strings.</summary>
    public static void Write(ReadOnlySpan<byte> text, JsonOutput output)
    {
        if (text is [(byte)'N', ..] or [(byte)'I', ..] or [(byte)'-', (byte)'I', ..])
        {
            output.String(text);
            return;
        }
        if (text is [(byte)'-', ..])
        {
            output.Raw((byte)'-');
            text = text[1..];
        }
        Span<byte> digits = stackalloc byte[text.Length + 1];
        var count = 0;
        var exponent = 0;
        var pointSeen = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '.')
            {
                pointSeen = true;
            }
            else if ((c | 0x20) == 'e')
            {
                exponent += ParseExponent(text[(i + 1)..]);
                break;
            }
            else
            {
                if (pointSeen)
                    exponent--;
                if (count > 0 || c != '0')
                    digits[count++] = c;
            }
        }
        while (count > 0 && digits[count - 1] == '0')
        {
            count--;
            exponent++;
        }
        Print(digits[..count], exponent, output);
    }

    public static void Write(double value, JsonOutput output)
    {
        Span<byte> text = stackalloc byte[32];
        if (!double.IsFinite(value))
        {
            output.String(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
            return;
        }
        value.TryFormat(text, out var written, "R", CultureInfo.InvariantCulture);
        Write(text[..written], output);
    }

    public static double ParseDouble(ReadOnlySpan<byte> text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"'{Encoding.UTF8.GetString(text)}' is not a number");

    private static int ParseExponent(ReadOnlySpan<byte> text)
    {
        if (text is [(byte)'+', ..])
            text = text[1..];
        Utf8Parser.TryParse(text, out int exponent, out _);
        return exponent;
    }

    private static void Print(ReadOnlySpan<byte> digits, int exponent, JsonOutput output)
    {
        if (digits.IsEmpty)
        {
            output.Raw("0.0"u8);
            return;
        }
        var scale = exponent + digits.Length - 1; // the power of ten of the first digit
        if (scale is >= 7 or < -3)
            Scientific(digits, scale, output);
        else if (scale < 0)
        {
            output.Raw("0."u8);
            Zeros(-scale - 1, output);
            output.Raw(digits);
        }
        else if (exponent >= 0)
        {
            output.Raw(digits);
            Zeros(exponent, output);
            output.Raw(".0"u8);
        }
        else
        {
            output.Raw(digits[..(scale + 1)]);
            output.Raw((byte)'.');
            output.Raw(digits[(scale + 1)..]);
        }
    }

    private static void Scientific(ReadOnlySpan<byte> digits, int scale, JsonOutput output)
    {
        output.Raw(digits[0]);
        output.Raw((byte)'.');
        output.Raw(digits.Length > 1 ? digits[1..] : "0"u8);
        output.Raw((byte)'E');
        output.Long(scale);
    }

    private static void Zeros(int count, JsonOutput output)
    {
        for (; count > 0; count--)
            output.Raw((byte)'0');
    }
}
