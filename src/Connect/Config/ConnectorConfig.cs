using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.Connect.Config;

/// <summary>
/// The checked configuration of a connector. Every value that is read through it has been validated by
/// <see cref="Of"/>, which takes no key that it does not know: a misspelt include list would capture everything.
/// </summary>
public sealed class ConnectorConfig
{
    private readonly Dictionary<string, string> _values;

    private ConnectorConfig(Dictionary<string, string> values) => _values = values;

    /// <summary>The properties that are supported, with a sentence on each.</summary>
    public static IEnumerable<(string Name, string Documentation)> Properties =>
        PostgresProperties.All.Values.Where(property => !property.Unsupported)
            .Select(property => (property.Name, property.Doc));

    public string Name => String("name");

    /// <summary>Reads a Java .properties file.</summary>
    public static ConnectorConfig Load(string path) => Of(PropertiesFile.Load(path));

    /// <summary>Checks properties, fills in defaults; throws <see cref="ConfigException"/> at the first wrong one.
    /// </summary>
    public static ConnectorConfig Of(IReadOnlyDictionary<string, string> properties)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in properties)
        {
            if (PostgresProperties.All.TryGetValue(key, out var property))
                values[key] = Checked(property, property.Type == PropertyType.Secret ? value : value.Trim());
            else if (IsUnsupportedFamily(key))
                throw new ConfigException(key, value, "is not supported yet; remove it");
            else
                throw new ConfigException(key, value, $"is no known property; the nearest is {Nearest(key)}");
        }
        foreach (var property in PostgresProperties.All.Values)
        {
            if (property.Required && values.GetValueOrDefault(property.Name, "").Length == 0)
                throw new ConfigException(property.Name, null, $"is required: {property.Doc}");
            values.TryAdd(property.Name, property.Default ?? "");
        }
        CheckTogether(values);
        return new ConnectorConfig(values);
    }

    internal string String(string key) => _values[key];

    internal bool Bool(string key) => _values[key] == "true";

    internal int Int(string key) => int.Parse(_values[key], CultureInfo.InvariantCulture);

    internal long Long(string key) => long.Parse(_values[key], CultureInfo.InvariantCulture);

    internal IReadOnlyList<string> List(string key) =>
        _values[key].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Comma-separated expressions, each matching whole names without regard to case.</summary>
    internal IReadOnlyList<Regex> Regexes(string key) => [.. Split(_values[key]).Select(Anchored)];

    internal static Regex Anchored(string expression) =>
        new($"^(?:{expression})$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static string Checked(Property property, string value)
    {
        if (property.Unsupported && value != property.Default)
            throw new ConfigException(property.Name, value, "is not supported yet; remove it");
        switch (property.Type)
        {
            case PropertyType.Flag when value is not ("true" or "false"):
                throw new ConfigException(property.Name, value, "must be true or false");
            case PropertyType.Choice when !property.Choices.Contains(value):
                throw new ConfigException(property.Name, value,
                    $"must be one of {string.Join(", ", property.Choices)}{Suggestion(property, value)}");
            case PropertyType.Int or PropertyType.Long:
                CheckNumber(property, value);
                break;
            case PropertyType.RegexList:
                CheckExpressions(property, value);
                break;
        }
        return value;
    }

    private static string Suggestion(Property property, string value) =>
        property.Name == "plugin.name" && value == "decoderbufs" ? "; pgoutput is built into PostgreSQL" : "";

    private static void CheckNumber(Property property, string value)
    {
        var max = property.Type == PropertyType.Int ? Math.Min(property.Max, int.MaxValue) : property.Max;
        var min = property.Type == PropertyType.Int ? Math.Max(property.Min, int.MinValue) : property.Min;
        if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw new ConfigException(property.Name, value, "must be a whole number");
        if (number < min || number > max)
            throw new ConfigException(property.Name, value, $"must be between {min} and {max}");
    }

    private static void CheckExpressions(Property property, string value)
    {
        foreach (var expression in Split(value))
        {
            try
            {
                _ = Anchored(expression);
            }
            catch (ArgumentException e)
            {
                throw new ConfigException(property.Name, value, $"is not a list of regular expressions: {e.Message}");
            }
        }
    }

    private static void CheckTogether(Dictionary<string, string> values)
    {
        foreach (var kind in new[] { "schema", "table", "column" })
        {
            if (values[$"{kind}.include.list"].Length > 0 && values[$"{kind}.exclude.list"].Length > 0)
                throw new ConfigException($"{kind}.exclude.list", values[$"{kind}.exclude.list"],
                    $"cannot be set together with {kind}.include.list; keep one of them");
        }
        var slot = values["slot.name"];
        if (slot.Length is 0 or > 63
            || slot.Any(c => !(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')))
            throw new ConfigException("slot.name", slot, "must consist of at most 63 lower-case letters, digits and _");
        var prefix = values["topic.prefix"];
        if (prefix.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')))
            throw new ConfigException("topic.prefix", prefix, "may contain letters, digits, '.', '_' and '-' only");
        if (!values["connector.class"].Contains("postgres", StringComparison.OrdinalIgnoreCase))
            throw new ConfigException("connector.class", values["connector.class"],
                "is not known; use io.debezium.connector.postgresql.PostgresConnector");
        foreach (var operation in values["skipped.operations"].Split(',', StringSplitOptions.TrimEntries))
        {
            if (operation is not ("" or "none" or "c" or "u" or "d" or "t"))
                throw new ConfigException("skipped.operations", operation, "must be a list of c, u, d, t, or none");
        }
    }

    /// <summary>Splits at commas that are not escaped, as Debezium does.</summary>
    internal static IEnumerable<string> Split(string list) => Regex.Split(list, @"(?<!\\),")
        .Select(e => e.Replace("\\,", ",", StringComparison.Ordinal).Trim()).Where(e => e.Length > 0);

    private static bool IsUnsupportedFamily(string key) => key.StartsWith("transforms.", StringComparison.Ordinal)
        || key.StartsWith("column.mask.", StringComparison.Ordinal)
        || key.StartsWith("column.truncate.", StringComparison.Ordinal)
        || key.StartsWith("snapshot.select.statement.overrides.", StringComparison.Ordinal);

    private static string Nearest(string key) => PostgresProperties.All.Values.Where(p => !p.Unsupported)
        .MinBy(p => Distance(key, p.Name))!.Name;

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }
}
