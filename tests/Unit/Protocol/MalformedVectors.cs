using System.Text.Json;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol;

/// <summary>
/// Damaged frames: refused where Kafka refuses them, read as Kafka reads them where it does; no other exception, and
/// never more memory than the bytes that are there justify.
/// </summary>
public sealed class MalformedVectors
{
    private const long AllocatedAtLeast = 64 * 1024;
    private const long AllocatedPerByte = 64;

    public static TheoryData<string> Bodies =>
        [.. Rows("body").Select(WireVectors.BodyName).Distinct()];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void BodiesAreJudgedAsKafkaDoes(string name)
    {
        foreach (var row in Rows("body").Where(row => WireVectors.BodyName(row) == name))
        {
            var message = (IMessage)Activator.CreateInstance(WireVectors.Message(name))!;
            Judge(row, (ref reader) => message.Read(ref reader, row.Version()), () => BodyDifference(row, message));
        }
    }

    [Fact]
    public void RequestsAreJudgedAsKafkaDoes()
    {
        foreach (var row in Rows("request"))
        {
            RequestHeader header = default;
            IMessage? body = null;
            Judge(
                row,
                (ref reader) =>
                {
                    header = RequestHeader.Read(ref reader);
                    body = ReadBody(ref reader, header);
                },
                () => RequestDifference(row.GetProperty("json"), header, body));
        }
    }

    private delegate void Reading(ref WireReader reader);

    private static IEnumerable<JsonElement> Rows(string target) =>
        WireVectors.Read("malformed").Where(row => row.Text("target") == target);

    private static void Judge(JsonElement row, Reading read, Func<string?> difference)
    {
        var bytes = row.Bytes("bytes");
        var reader = new WireReader(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        string? refusal = null;
        try
        {
            read(ref reader);
        }
        catch (MalformedFrameException exception)
        {
            refusal = exception.Message;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var what = $"{row.GetProperty("id")} {row.Text("name")} {row.Version()}: {row.Text("mutation")}";
        Assert.True(allocated <= AllocatedAtLeast + AllocatedPerByte * bytes.Length, $"{what}: allocated {allocated}");
        if (row.Text("result") == "exception")
        {
            Assert.True(refusal is not null, $"{what}: accepted, Kafka says {row.GetProperty("exception")}");
            return;
        }

        Assert.True(refusal is null, $"{what}: refused with '{refusal}', Kafka accepts");
        Assert.Null(difference() is { } text ? $"{what}: {text}" : null);
        Assert.Equal(row.GetProperty("bytesLeft").GetInt32(), reader.Remaining);
    }

    private static string? BodyDifference(JsonElement row, IMessage message)
    {
        var json = row.GetProperty("json");
        if (!json.TryGetProperty("firstLength", out var firstLength))
            return KafkaJson.Difference(json, message);
        var keys = ((FindCoordinatorRequest)message).CoordinatorKeys;
        return keys.Count == json.GetProperty("keys").GetInt32() && keys[0].Length == firstLength.GetInt32()
            ? null
            : $"{keys.Count} keys, the first of {keys[0].Length}";
    }

    private static string? RequestDifference(JsonElement json, RequestHeader header, IMessage? body)
    {
        var expected = json.GetProperty("header");
        if (header.ApiKey != expected.GetProperty("requestApiKey").GetInt16()
            || header.ApiVersion != expected.GetProperty("requestApiVersion").GetInt16()
            || header.CorrelationId != expected.GetProperty("correlationId").GetInt32()
            || header.ClientId != expected.GetProperty("clientId").GetString())
            return $"read as {header}";
        return json.GetProperty("versionSupported").GetBoolean()
            ? KafkaJson.Difference(json.GetProperty("body"), body)
            : null;
    }

    /// <summary>ApiVersions is answered whatever its version, so that clients can agree on one.</summary>
    private static IMessage? ReadBody(ref WireReader reader, RequestHeader header)
    {
        if (Apis.Find(header.ApiKey) is not { } api)
            throw new MalformedFrameException("unknown API");
        if (!api.Contains(header.ApiVersion))
        {
            return api.Key == ApiKey.ApiVersions
                ? null
                : throw new MalformedFrameException("unknown version");
        }

        var message = (IMessage)Activator.CreateInstance(WireVectors.Message($"{api.Key}Request"))!;
        message.Read(ref reader, header.ApiVersion);
        return message;
    }
}
