using System.Globalization;

namespace Millrace.Generator;

/// <summary>
/// Reads the notation of <c>protocol/</c> (described in <c>protocol/README.md</c>): a comment, a headline
/// (<c>api KEY NAME [recycled]</c> or <c>record NAME</c>), then messages whose fields nest by two spaces.
/// </summary>
internal sealed class SpecParser
{
    private readonly string _path;
    private readonly string[] _lines;
    private int _next;

    private SpecParser(string path)
    {
        _path = path;
        _lines = File.ReadAllLines(path);
    }

    public static Spec Parse(string path) => new SpecParser(path).ParseSpec();

    private Spec ParseSpec()
    {
        var summary = "";
        for (; _lines[_next].StartsWith('#'); _next++)
            summary = (summary + " " + _lines[_next][1..].Trim()).Trim();

        var headline = Words(_lines[_next++]);
        int? apiKey = headline[0] == "api" ? Number(headline[1]) : null;
        var isRecycled = headline[^1] == "recycled";
        var name = headline[isRecycled ? ^2 : ^1];
        var messages = new List<Message>();
        while (_next < _lines.Length)
        {
            if (_lines[_next].Length == 0)
                _next++;
            else
                messages.Add(ParseMessage(name));
        }

        return new Spec(name, summary, apiKey, messages) { IsRecycled = isRecycled };
    }

    private Message ParseMessage(string name)
    {
        var words = Words(_lines[_next++]);
        var suffix = words[0] switch
        {
            "request" => "Request",
            "response" => "Response",
            "versions" => "",
            _ => throw Error($"expected request, response or versions, found '{words[0]}'"),
        };
        var bounds = words[1].Split('-');
        var versions = new Versions(Number(bounds[0]), Number(bounds[^1]));
        var options = words.Skip(2).Chunk(2).ToDictionary(option => option[0], option => Number(option[1]));
        int? flexible = options.TryGetValue("flexible", out var first) ? first : null;
        var message = new Message(name + suffix, versions, flexible)
        {
            NewestStable = options.GetValueOrDefault("stable", versions.High),
        };
        while (Indent() == 1 && Words(_lines[_next])[0] == "struct")
        {
            var shared = new Struct(Words(_lines[_next++])[1], []);
            ParseFields(shared.Fields, 2, versions);
            message.SharedStructs.Add(shared);
        }

        ParseFields(message.Fields, 1, versions);
        return message;
    }

    private void ParseFields(List<Field> fields, int indent, Versions inherited)
    {
        while (Indent() == indent)
        {
            var field = ParseField(Words(_lines[_next++]), inherited);
            fields.Add(field);
            ParseFields(field.Children, indent + 1, field.Versions);
        }

        if (Indent() > indent)
            throw Error("is indented too far");
    }

    /// <summary>NAME TYPE[?[NULLABLE]] [VERSIONS] [tag N] [= DEFAULT].</summary>
    private Field ParseField(string[] words, Versions inherited)
    {
        var type = words[1];
        var array = type.StartsWith("[]", StringComparison.Ordinal);
        var question = type.IndexOf('?', StringComparison.Ordinal);
        var name = (question < 0 ? type : type[..question])[(array ? 2 : 0)..];
        var at = 2;
        var versions = inherited;
        if (at < words.Length && words[at] is not ("tag" or "="))
            versions = Range(words[at++], inherited);
        Versions? nullable = null;
        if (question >= 0)
            nullable = question == type.Length - 1 ? versions : Range(type[(question + 1)..], versions);
        int? tag = null;
        if (at < words.Length && words[at] == "tag")
        {
            tag = Number(words[at + 1]);
            at += 2;
        }

        string? value = null;
        if (at < words.Length && words[at] == "=")
        {
            value = words[at + 1];
            at += 2;
        }

        return at == words.Length
            ? new Field(words[0], name, array, versions, nullable, value, tag)
            : throw Error($"does not know what '{words[at]}' means");
    }

    /// <summary>'3', '3..', '..7' or '3..7', the open ends taken from <paramref name="whole"/>.</summary>
    private Versions Range(string text, Versions whole)
    {
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        if (dots < 0)
            return new Versions(Number(text), Number(text));
        var low = dots == 0 ? whole.Low : Number(text[..dots]);
        var high = dots + 2 == text.Length ? whole.High : Number(text[(dots + 2)..]);
        return new Versions(low, high);
    }

    private int Indent()
    {
        if (_next >= _lines.Length || _lines[_next].Length == 0)
            return 0;
        return (_lines[_next].Length - _lines[_next].TrimStart(' ').Length) / 2;
    }

    private int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Error($"expected a number, found '{text}'");

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private FormatException Error(string what) => new($"{_path} line {_next}: {what}");
}
