using System.Globalization;
using System.Text;

namespace Millrace.Broker.Cluster;

/// <summary>
/// Reads the text of a Java properties file: comments, three separators, continued lines, escapes. A key that comes
/// again counts last.
/// </summary>
internal static class JavaProperties
{
    public static Dictionary<string, string> Parse(string text)
    {
        var properties = new Dictionary<string, string>();
        foreach (var line in LogicalLines(text))
        {
            var end = 0;
            while (end < line.Length && !IsSeparator(line[end]))
                end += line[end] == '\\' ? 2 : 1;
            end = Math.Min(end, line.Length);
            var value = line[end..].TrimStart(Blanks);
            if (value.Length > 0 && value[0] is '=' or ':')
                value = value[1..].TrimStart(Blanks);
            properties[Unescape(line[..end])] = Unescape(value);
        }

        return properties;
    }

    private static readonly char[] Blanks = [' ', '\t', '\f'];

    private static bool IsSeparator(char c) => c is '=' or ':' or ' ' or '\t' or '\f';

    private static IEnumerable<string> LogicalLines(string text)
    {
        var whole = new StringBuilder();
        foreach (var natural in text.Split('\n'))
        {
            var line = natural.TrimEnd('\r').TrimStart(Blanks);
            if (whole.Length == 0 && (line.Length == 0 || line[0] is '#' or '!'))
                continue;
            var isContinued = line.Length - line.TrimEnd('\\').Length is var slashes && slashes % 2 == 1;
            whole.Append(isContinued ? line[..^1] : line);
            if (isContinued)
                continue;
            yield return whole.ToString();
            whole.Clear();
        }

        if (whole.Length > 0)
            yield return whole.ToString();
    }

    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                plain.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u' && i + 4 < text.Length && ushort.TryParse(
                text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                plain.Append((char)code);
                i += 4;
            }
            else
            {
                plain.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var c => c });
            }
        }

        return plain.ToString();
    }
}
