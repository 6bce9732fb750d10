using System.IO.Compression;
using System.Text.Json;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol;

/// <summary>Bytes that Apache Kafka 4.4's own classes wrote, with what they mean; one JSON object each.</summary>
internal static class WireVectors
{
    public static IEnumerable<JsonElement> Read(string name)
    {
        using var file = File.OpenRead(Checkout.File("tests", "Data", "wire-vectors", name + ".jsonl.gz"));
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        while (lines.ReadLine() is { } line)
            yield return JsonElement.Parse(line);
    }

    /// <summary>The generated class, such as <c>FetchRequest</c> or <c>OffsetCommitValue</c>.</summary>
    public static Type Message(string name) =>
        typeof(ApiKey).Assembly.GetType($"{typeof(ApiKey).Namespace}.{name}", throwOnError: true)!;

    /// <summary>Name of the generated class for the row of a request's or response's body.</summary>
    public static string BodyName(JsonElement row) =>
        row.Text("name") + (row.Text("kind") == "request" ? "Request" : "Response");

    public static string Text(this JsonElement row, string name) => row.GetProperty(name).GetString()!;

    public static short Version(this JsonElement row) => row.GetProperty("version").GetInt16();

    public static byte[] Bytes(this JsonElement row, string name) => row.GetProperty(name).GetBytesFromBase64();

    /// <summary>A complaint when <paramref name="message"/> is not read as <paramref name="expected"/>.</summary>
    public static string? ReadAndCompare(IMessage message, byte[] bytes, short version, JsonElement expected)
    {
        var reader = new WireReader(bytes);
        message.Read(ref reader, version);
        return KafkaJson.Difference(expected, message)
            ?? (reader.Remaining == 0 ? null : $"{reader.Remaining} bytes are left");
    }

    /// <summary>A complaint when <paramref name="message"/> is not written as <paramref name="expected"/>.</summary>
    public static string? WriteAndCompare(IMessage message, short version, ReadOnlySpan<byte> expected)
    {
        using var writer = new WireWriter();
        message.Write(writer, version);
        return writer.WrittenSpan.SequenceEqual(expected)
            ? null
            : $"written as {Convert.ToHexString(writer.WrittenSpan)}, not {Convert.ToHexString(expected)}";
    }
}
