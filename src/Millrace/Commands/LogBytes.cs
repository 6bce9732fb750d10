using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Millrace.Commands;

/// <summary>How keys and values are shown.</summary>
internal enum LogBytesFormat
{
    /// <summary>As text where they are printable UTF-8, else in base64 behind <c>base64:</c>.</summary>
    Auto,
    Text,
    Base64,
    Hex,
}

internal static class LogBytes
{
    public static string Show(ReadOnlySpan<byte> bytes, LogBytesFormat format) => format switch
    {
        LogBytesFormat.Text => Encoding.UTF8.GetString(bytes),
        LogBytesFormat.Base64 => Convert.ToBase64String(bytes),
        LogBytesFormat.Hex => Convert.ToHexStringLower(bytes),
        _ when IsPrintable(bytes) => Encoding.UTF8.GetString(bytes),
        _ => "base64:" + Convert.ToBase64String(bytes),
    };

    /// <summary>A text as a JSON string.</summary>
    public static string Json(string text) =>
        $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static bool IsPrintable(ReadOnlySpan<byte> bytes) =>
        bytes.IndexOfAnyInRange((byte)0, (byte)31) < 0 && Utf8.IsValid(bytes);
}
