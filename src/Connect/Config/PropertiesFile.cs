using System.Globalization;
using System.Text;

namespace Millrace.Connect.Config;

/// <summary>Java's .properties format: comments, continuation lines, escapes; the last of equal keys counts.</summary>
public static class PropertiesFile
{
    /// <exception cref="ConfigException">The file can't be read, or an escape in it is wrong.</exception>
    public static Dictionary<string, string> Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(path, null, $"cannot be read: {e.Message}");
        }
    }

    public static Dictionary<string, string> Parse(string text)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in LogicalLines(text))
        {
            var at = 0;
            var key = Unescape(line, ref at, stopAtSeparator: true);
            while (at < line.Length && IsBlank(line[at]))
                at++;
            if (at < line.Length && line[at] is '=' or ':')
                at++;
            while (at < line.Length && IsBlank(line[at]))
                at++;
            properties[key] = Unescape(line, ref at, stopAtSeparator: false);
        }
        return properties;
    }

    /// <summary>Lines without leading blanks, comments and empty lines; those that end in an odd number of
    /// backslashes joined with the next.</summary>
    private static IEnumerable<string> LogicalLines(string text)
    {
        StringBuilder? joined = null;
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.TrimEnd('\r').TrimStart(' ', '\t', '\f');
            if (joined is null && (line.Length == 0 || line[0] is '#' or '!'))
                continue;
            var continues = (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;
            joined ??= new StringBuilder();
            joined.Append(continues ? line[..^1] : line);
            if (continues)
                continue;
            yield return joined.ToString();
            joined = null;
        }
        if (joined is not null)
            yield return joined.ToString();
    }

    private static string Unescape(string line, ref int at, bool stopAtSeparator)
    {
        var result = new StringBuilder();
        for (; at < line.Length; at++)
        {
            var c = line[at];
            if (stopAtSeparator && (c is '=' or ':' || IsBlank(c)))
                break;
            if (c == '\\' && at + 1 < line.Length)
                c = Escape(line, ref at);
            result.Append(c);
        }
        return result.ToString();
    }

    private static char Escape(string line, ref int at)
    {
        var c = line[++at];
        if (c == 'u')
        {
            if (at + 4 < line.Length && ushort.TryParse(line.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out var unit))
            {
                at += 4;
                return (char)unit;
            }
            throw new ConfigException(line, null, "\\u must be followed by four hexadecimal digits");
        }
        return c switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', _ => c };
    }

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\f';
}
