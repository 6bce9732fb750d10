using System.Text.Json;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol;

/// <summary>Every request, response and log record in every version, byte by byte as Kafka writes it.</summary>
public sealed class MessageVectors
{
    private static readonly Lazy<ILookup<string, JsonElement>> Bodies =
        new(() => WireVectors.Read("messages").ToLookup(WireVectors.BodyName));

    private static readonly Lazy<ILookup<string, JsonElement>> Records =
        new(() => WireVectors.Read("coordinator-records").Concat(WireVectors.Read("group-records"))
            .ToLookup(row => row.Text("name").Replace("Legacy", "")));

    public static TheoryData<string> Messages =>
        [.. Apis.All.SelectMany(api => (string[])[$"{api.Key}Request", $"{api.Key}Response"])];

    public static TheoryData<string> RecordNames =>
        [.. Directory.GetFiles(Checkout.File("protocol", "records"), "*.spec")
            .Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void AreReadAndWrittenAsKafkaDoes(string name)
    {
        var type = WireVectors.Message(name);
        var lowest = (short)type.GetField("LowestVersion")!.GetRawConstantValue()!;
        var highest = (short)type.GetField("HighestVersion")!.GetRawConstantValue()!;
        var rows = Bodies.Value[name].ToList();

        Assert.Equal(rows.Min(WireVectors.Version), lowest);
        Assert.Equal(rows.Max(WireVectors.Version), highest);
        AssertAll(rows, row => Complaint(type, row, row.Bytes("body")));
    }

    [Theory]
    [MemberData(nameof(RecordNames))]
    public void RecordsAreReadAndWrittenAsKafkaDoes(string name) =>
        AssertAll(Records.Value[name], row =>
            Complaint(WireVectors.Message(name), row, row.Bytes("bytes")[row.GetProperty("bodyOffset").GetInt32()..]));

    [Fact]
    public void RequestHeadersAreReadAndWrittenAsKafkaDoes()
    {
        var rows = WireVectors.Read("headers").Where(row => row.Text("kind") == "request" && IsSpecified(row));
        AssertAll(rows, row =>
        {
            var bytes = row.Bytes("bytes");
            var reader = new WireReader(bytes);
            var header = RequestHeader.Read(ref reader);
            using var writer = new WireWriter();
            header.Write(writer);
            var json = row.GetProperty("json");
            var clientId = json.GetProperty("clientId").GetString();
            return header.ApiKey == json.GetProperty("requestApiKey").GetInt16()
                && header.ApiVersion == json.GetProperty("requestApiVersion").GetInt16()
                && header.CorrelationId == json.GetProperty("correlationId").GetInt32()
                && header.ClientId == (clientId ?? "")
                && reader.Remaining == 0
                && (clientId is null || row.TryGetProperty("note", out _) || writer.WrittenSpan.SequenceEqual(bytes))
                    ? null
                    : $"read as {header}";
        });
    }

    [Fact]
    public void ResponseHeadersAreWrittenAsKafkaDoes()
    {
        var rows = WireVectors.Read("headers")
            .Where(row => row.Text("kind") == "response" && !row.TryGetProperty("note", out _));
        AssertAll(rows, row =>
        {
            var version = row.GetProperty("headerVersion").GetInt16() == 0 ? (short)8 : (short)9;
            var correlationId = row.GetProperty("json").GetProperty("correlationId").GetInt32();
            using var writer = new WireWriter();
            new RequestHeader((short)ApiKey.Metadata, version, correlationId, "").WriteResponse(writer);
            return writer.WrittenSpan.SequenceEqual(row.Bytes("bytes"))
                ? null
                : Convert.ToHexString(writer.WrittenSpan);
        });
    }

    /// <summary>The header's form depends on the API, which must be known and have that form at that version.</summary>
    private static bool IsSpecified(JsonElement row) =>
        Apis.Find(row.GetProperty("json").GetProperty("requestApiKey").GetInt16()) is { } api
        && api.IsFlexible(row.GetProperty("json").GetProperty("requestApiVersion").GetInt16())
            == (row.GetProperty("headerVersion").GetInt16() == 2);

    private static string? Complaint(Type type, JsonElement row, byte[] body)
    {
        var message = (IMessage)Activator.CreateInstance(type)!;
        var read = WireVectors.ReadAndCompare(message, body, row.Version(), row.GetProperty("json"));
        return read is null && row.Text("variant") != "unknown-tags"
            ? WireVectors.WriteAndCompare(message, row.Version(), body)
            : read;
    }

    private static void AssertAll(IEnumerable<JsonElement> rows, Func<JsonElement, string?> complaint)
    {
        var count = 0;
        foreach (var row in rows)
        {
            count++;
            if (complaint(row) is { } text)
                Assert.Fail($"{text}\nin {row.GetRawText()[..Math.Min(300, row.GetRawText().Length)]}");
        }

        Assert.True(count > 0, "no vectors");
    }
}
