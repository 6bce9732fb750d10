using System.Text.Json;
using System.Text.RegularExpressions;
using Millrace.Connect.Config;

namespace Millrace.Integration.Connect;

/// <summary>One case of tests/Data/debezium-postgres: what to run and what Debezium wrote.</summary>
internal sealed partial class GoldenCase(string name)
{
    private static readonly string Root = Checkout.File("tests", "Data", "debezium-postgres");

    public string Name { get; } = name;

    public string Database => Name.Replace('-', '_');

    public string Setup => Text("setup.sql");

    public string Changes => Text("changes.sql");

    /// <summary>Two cases hold whole messages as they were on the wire.</summary>
    public bool IsWholeMessage => Name is "dml-schemas-enabled" or "dml-schemas-disabled";

    public Dictionary<string, string> Properties
    {
        get
        {
            var properties = PropertiesFile.Parse(Text("connector.properties"));
            if (Name == "dml-schemas-disabled")
            {
                properties["key.converter.schemas.enable"] = "false";
                properties["value.converter.schemas.enable"] = "false";
            }
            return properties;
        }
    }

    /// <summary>All cases, or those that the environment variable GOLDEN_CASES names.</summary>
    public static IEnumerable<string> Names()
    {
        var wanted = Environment.GetEnvironmentVariable("GOLDEN_CASES")?.Split(',');
        return Directory.GetDirectories(Root).Select(d => Path.GetFileName(d)!)
            .Where(n => wanted is null || wanted.Contains(n)).Order(StringComparer.Ordinal);
    }

    public List<TopicRecord> Events() => [.. Lines("events.jsonl").Select(line => new TopicRecord(
        line.GetProperty("topic").GetString()!, Raw(line.GetProperty("key")), Raw(line.GetProperty("value")),
        [.. line.GetProperty("headers").EnumerateArray().Select(h => (h[0].GetString()!, h[1].GetString()))]))];

    /// <summary>The distinct schemas of a topic's keys or values in their order.</summary>
    public List<string> Schemas(string topic, string of) => [.. Lines("schemas.jsonl")
        .Where(l => l.GetProperty("topic").GetString() == topic && l.GetProperty("of").GetString() == of)
        .Select(l => l.GetProperty("schema").GetRawText())];

    public bool HasSchemas => File.Exists(Path.Combine(Root, Name, "schemas.jsonl"));

    /// <summary>Replaces what differs from run to run.</summary>
    public static string? Stable(string? text)
    {
        if (text is null)
            return null;
        text = Times().Replace(text, "\"$1\":0");
        text = Version().Replace(text, "\"version\":\"v\"");
        text = TransactionId().Replace(text, "\"id\":\"0:0\"");
        return Sequence().Replace(text, m => m.Value.Contains("[null", StringComparison.Ordinal)
            ? "\"sequence\":\"[null,0]\"" : "\"sequence\":\"[0,0]\"");
    }

    private string Text(string file)
    {
        var path = Path.Combine(Root, Name, file);
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private IEnumerable<JsonElement> Lines(string file) => Text(file).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonDocument.Parse(line).RootElement);

    private static string? Raw(JsonElement element) =>
        element.ValueKind == JsonValueKind.Null ? null : element.GetRawText();

    [GeneratedRegex("\"(ts_ms|ts_us|ts_ns|txId|lsn|origin_lsn)\":\\d+")]
    private static partial Regex Times();

    [GeneratedRegex("\"version\":\"[^\"]*\"")]
    private static partial Regex Version();

    [GeneratedRegex("\"id\":\"\\d+:\\d+\"")]
    private static partial Regex TransactionId();

    [GeneratedRegex("\"sequence\":\"\\[[^\\]]*\\]\"")]
    private static partial Regex Sequence();
}
