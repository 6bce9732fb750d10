using System.Globalization;

namespace Millrace;

/// <summary>The program's log: one line an event, on stderr.</summary>
internal static class Log
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // Opened at the start: a process that is out of files must still be able to say so.
    private static readonly TextWriter Error = Console.Error;

    public static void Line(string text)
    {
        try
        {
            var now = DateTimeOffset.UtcNow.ToString(TimeFormat, CultureInfo.InvariantCulture);
            Error.WriteLine($"{now} {text}");
        }
        catch (IOException)
        {
            // Whoever read the log is gone; the work goes on.
        }
    }
}
