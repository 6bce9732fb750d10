using System.Globalization;

namespace Millrace;

/// <summary>The program's log: one line an event, on stderr.</summary>
internal static class Log
{
    public static void Line(string text) => Console.Error.WriteLine(
        $"{DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} {text}");
}
