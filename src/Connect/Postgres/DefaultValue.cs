using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Millrace.Connect.Converters;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Connect.Postgres;

/// <summary>
/// Column defaults for schemas: constant literals, zero for sequences, the epoch for "now", the nil UUID for random
/// ones. Any other expression gives no default, because its value is not known here.
/// </summary>
internal static partial class DefaultValue
{
    private static readonly string[] Now =
        ["now()", "CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP",
            "transaction_timestamp()", "statement_timestamp()", "clock_timestamp()"];

    /// <summary>The default as JSON, or null.</summary>
    public static string? Json(string? expression, ColumnType type)
    {
        if (expression is null || !type.HasDefaults)
            return null;
        if (expression.StartsWith("nextval(", StringComparison.Ordinal))
            return "0";
        if (Now.Any(now => expression.Contains(now, StringComparison.Ordinal)) && !expression.Contains('\''))
            return type.Schema.Name?.Contains(".time.", StringComparison.Ordinal) == true
                || type.Schema.Name?.StartsWith("org.apache.kafka.connect.data.", StringComparison.Ordinal) == true
                ? type.Zero : null;
        if (expression is "gen_random_uuid()" or "uuid_generate_v4()" && type.Schema.Name == "io.debezium.data.Uuid")
            return "\"00000000-0000-0000-0000-000000000000\"";
        return Literal(expression) is { } literal ? Written(literal, type) : null;
    }

    private static string? Literal(string expression)
    {
        if (Number().IsMatch(expression) || expression is "true" or "false")
            return expression.Split("::")[0].Trim('(', ')');
        var quoted = Quoted().Match(expression);
        if (!quoted.Success)
            return null;
        var text = quoted.Groups["text"].Value.Replace("''", "'", StringComparison.Ordinal);
        return quoted.Groups["prefix"].Value == "E" ? text.Replace("\\\\", "\\", StringComparison.Ordinal) : text;
    }

    private static string? Written(string literal, ColumnType type)
    {
        try
        {
            var output = new JsonOutput();
            type.Write(Encoding.UTF8.GetBytes(literal), output);
            var json = Encoding.UTF8.GetString(output.Written);
            using var parsed = JsonDocument.Parse(json);
            return json == "null" ? null : json;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or JsonException)
        {
            return null; // a literal of another type than the column's: no default rather than a wrong one
        }
    }

    [GeneratedRegex(@"^\(?-?[0-9]+(\.[0-9]+)?\)?(::[\w ]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\(*(?<prefix>[EB]?)'(?<text>(?:[^']|'')*)'(\)*::[\w ""\.]+(\([0-9, ]+\))?(\[\])*)*\)*$")]
    private static partial Regex Quoted();
}
