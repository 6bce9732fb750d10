using System.Text.Encodings.Web;
using System.Text.Json;
using Millrace.Core.Log.Verification;

namespace Millrace.Commands;

/// <summary>One document: <c>{"findings":[...],"summary":{...}}</c>, written as it comes.</summary>
internal sealed class LogVerifyJson : IVerificationReport
{
    private readonly Utf8JsonWriter _json;

    public LogVerifyJson(Stream output)
    {
        _json = new Utf8JsonWriter(output, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        _json.WriteStartObject();
        _json.WriteStartArray("findings");
    }

    public void Finding(Finding finding)
    {
        _json.WriteStartObject();
        _json.WriteString("severity", SeverityNames.Of(finding.Severity));
        _json.WriteString("check", finding.Check);
        _json.WriteString("file", finding.File);
        Write("position", finding.Position);
        Write("firstOffset", finding.FirstOffset);
        Write("lastOffset", finding.LastOffset);
        _json.WriteString("problem", finding.Problem);
        _json.WriteString("advice", finding.Advice);
        _json.WriteEndObject();
        _json.Flush();
    }

    public void Progress(VerificationSummary summary)
    {
        // A program reads this: it waits for the end.
    }

    public void Summary(VerificationSummary summary, Findings findings)
    {
        _json.WriteEndArray();
        _json.WriteStartObject("summary");
        _json.WriteNumber("partitions", summary.Partitions);
        _json.WriteNumber("segments", summary.Segments);
        _json.WriteNumber("batches", summary.Batches);
        _json.WriteNumber("records", summary.Records);
        _json.WriteNumber("bytes", summary.Bytes);
        _json.WriteNumber("errors", findings.Errors);
        _json.WriteNumber("warnings", findings.Warnings);
        _json.WriteNumber("notes", findings.Notes);
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.Flush();
    }

    public void Dispose() => _json.Dispose();

    private void Write(string name, long value)
    {
        if (value < 0)
            _json.WriteNull(name);
        else
            _json.WriteNumber(name, value);
    }
}

internal static class SeverityNames
{
    public static string Of(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "note",
    };
}
