using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Millrace.Commands;

/// <summary>Takes what a dump reads: files, in each of them entries, in each of them fields.</summary>
internal abstract class LogDumpOutput : IDisposable
{
    private string? _hidden;

    /// <param name="path">In the data directory, or in the partition's folder.</param>
    /// <param name="isHiddenIfEmpty">Nothing is shown of it where it has no entry.</param>
    public void BeginFile(string path, bool isHiddenIfEmpty)
    {
        _hidden = path;
        if (!isHiddenIfEmpty)
            ShowFile();
    }

    public void EndFile()
    {
        if (_hidden is null)
            Close();
        _hidden = null;
    }

    public void BeginEntry(string kind)
    {
        ShowFile();
        Begin(kind);
    }

    public abstract void EndEntry();

    public abstract void Field(string name, long value);

    public abstract void Field(string name, bool value);

    public abstract void Field(string name, string? value);

    /// <summary>A value that is JSON already.</summary>
    public abstract void Json(string name, string value);

    public abstract void Dispose();

    protected abstract void Open(string path);

    protected abstract void Close();

    protected abstract void Begin(string kind);

    private void ShowFile()
    {
        if (_hidden is not { } path)
            return;
        _hidden = null;
        Open(path);
    }
}

/// <summary>A line an entry, like Kafka's own dump; a record begins with a bar.</summary>
internal sealed class LogDumpText(TextWriter output) : LogDumpOutput
{
    private readonly StringBuilder _line = new();

    protected override void Open(string path) => output.WriteLine($"Dumping {path}");

    protected override void Close()
    {
        // The next file has a line of its own.
    }

    protected override void Begin(string kind) =>
        _line.Clear().Append(kind switch
        {
            "record" => "|",
            "damage" => "DAMAGE",
            _ => "",
        });

    public override void EndEntry() => output.WriteLine(_line);

    public override void Field(string name, long value) => Name(name).Append(value);

    public override void Field(string name, bool value) => Name(name).Append(value ? "true" : "false");

    public override void Field(string name, string? value) => Name(name).Append(value ?? "null");

    public override void Json(string name, string value) => Name(name).Append(value);

    public override void Dispose() => output.Flush();

    private StringBuilder Name(string name) => _line.Append(_line.Length == 0 ? "" : " ").Append(name).Append(": ");
}

/// <summary>One document: <c>{"files":[{"file":...,"entries":[{"kind":...}]}]}</c>.</summary>
internal sealed class LogDumpJson : LogDumpOutput
{
    private readonly Utf8JsonWriter _json;

    public LogDumpJson(Stream output)
    {
        _json = new Utf8JsonWriter(output, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        _json.WriteStartObject();
        _json.WriteStartArray("files");
    }

    protected override void Open(string path)
    {
        _json.WriteStartObject();
        _json.WriteString("file", path);
        _json.WriteStartArray("entries");
    }

    protected override void Close()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
    }

    protected override void Begin(string kind)
    {
        _json.WriteStartObject();
        _json.WriteString("kind", kind);
    }

    public override void EndEntry()
    {
        _json.WriteEndObject();
        if (_json.BytesPending > 64 * 1024)
            _json.Flush();
    }

    public override void Field(string name, long value) => _json.WriteNumber(name, value);

    public override void Field(string name, bool value) => _json.WriteBoolean(name, value);

    public override void Field(string name, string? value) => _json.WriteString(name, value);

    public override void Json(string name, string value)
    {
        _json.WritePropertyName(name);
        _json.WriteRawValue(value);
    }

    public override void Dispose()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Dispose();
    }
}
