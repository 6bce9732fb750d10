namespace Millrace.Commands;

/// <summary>Settings given as key=value.</summary>
internal static class KeyValue
{
    /// <summary>False, with the first text that has no key and no equals sign.</summary>
    public static bool TryParseAll(string[]? texts, out Dictionary<string, string> values, out string bad)
    {
        values = [];
        bad = "";
        foreach (var text in texts ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                bad = text;
                return false;
            }

            values[text[..equals].Trim()] = text[(equals + 1)..].Trim();
        }

        return true;
    }
}
