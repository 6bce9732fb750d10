using System.Globalization;
using System.Text.Json;
using Millrace.Generator;

namespace Millrace.Unit.Protocol;

/// <summary>A message as Kafka's own JSON schema describes it, in the terms of our specifications.</summary>
internal sealed class KafkaSchema
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip };

    private readonly JsonElement _root;
    private readonly Dictionary<string, JsonElement> _commonStructs = [];

    private KafkaSchema(string path)
    {
        _root = JsonDocument.Parse(File.ReadAllText(path), Lenient).RootElement;
        if (_root.TryGetProperty("commonStructs", out var structs))
        {
            foreach (var part in structs.EnumerateArray())
                _commonStructs.Add(part.Text("name"), part);
        }

        Versions = Range(_root.Text("validVersions"), new Versions(0, short.MaxValue));
        FirstFlexible = Range(_root.Text("flexibleVersions"), Versions) is { } flexible ? flexible.Low : null;
        Fields = Read(_root, Versions ?? new Versions(0, 0));
    }

    public int? ApiKey => _root.TryGetProperty("apiKey", out var key) ? key.GetInt32() : null;

    public Versions? Versions { get; }

    public int? FirstFlexible { get; }

    public List<Field> Fields { get; }

    public static KafkaSchema Parse(string path) => new(path);

    private List<Field> Read(JsonElement part, Versions enclosing) =>
        [.. part.GetProperty("fields").EnumerateArray().Select(field => ReadField(field, enclosing)).OfType<Field>()];

    /// <summary>Null for a field that has left every version.</summary>
    private Field? ReadField(JsonElement json, Versions enclosing)
    {
        var tag = json.TryGetProperty("tag", out var number) ? number.GetInt32() : (int?)null;
        if (Range(json.Text(tag is null ? "versions" : "taggedVersions"), enclosing) is not { } versions)
            return null;
        var type = json.Text("type");
        var isArray = type.StartsWith("[]", StringComparison.Ordinal);
        type = isArray ? type[2..] : type;
        var nullable = json.TryGetProperty("nullableVersions", out var range)
            ? Range(range.GetString()!, versions)
            : null;
        var value = json.TryGetProperty("default", out var literal) && literal.ValueKind != JsonValueKind.Null
            ? literal.ValueKind is JsonValueKind.True or JsonValueKind.False ? literal.GetRawText() : literal.ToString()
            : null;
        var name = json.Text("name");
        var field = new Field(Capital(name), type, isArray, versions, nullable, value, tag);
        if (json.TryGetProperty("fields", out _))
            field.Children.AddRange(Read(json, versions));
        else if (_commonStructs.TryGetValue(type, out var common))
            field.Children.AddRange(Read(common, versions));
        return field;
    }

    /// <summary>'none', '3', '3+' or '3-7' within <paramref name="whole"/>; null when nothing is left.</summary>
    private static Versions? Range(string text, Versions? whole)
    {
        if (text == "none" || whole is not { } bounds)
            return null;
        var parts = text.TrimEnd('+').Split('-');
        var low = Math.Max(int.Parse(parts[0], CultureInfo.InvariantCulture), bounds.Low);
        var high = text.EndsWith('+')
            ? bounds.High
            : Math.Min(int.Parse(parts[^1], CultureInfo.InvariantCulture), bounds.High);
        return low <= high ? new Versions(low, high) : null;
    }

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
