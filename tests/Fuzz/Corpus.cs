using System.IO.Compression;
using System.Text.Json;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>Frames and records that Apache Kafka 4.4's own classes wrote: where mutations begin.</summary>
internal static class Corpus
{
    /// <summary>Larger ones cost time and show nothing more.</summary>
    private const int LargestFrame = 4096;

    /// <summary>A whole frame for every API that is specified, in every version.</summary>
    public static byte[][] Frames { get; } =
        [.. Requests().Concat(Rows("malformed").Where(row => Text(row, "target") == "request").Select(Bytes))
            .Where(frame => frame.Length <= LargestFrame)];

    /// <summary>Record batches, with every codec.</summary>
    public static byte[][] Records { get; } =
        [.. Rows("records").Select(Bytes).Where(records => records.Length <= LargestFrame)];

    private static IEnumerable<byte[]> Requests()
    {
        foreach (var row in Rows("messages").Where(row => Text(row, "kind") == "request"))
        {
            var key = row.GetProperty("apiKey").GetInt16();
            if (Apis.Find(key) is null)
                continue;
            using var writer = new WireWriter();
            new RequestHeader(key, row.GetProperty("version").GetInt16(), 7, "fuzz").Write(writer);
            yield return [.. writer.WrittenSpan, .. row.GetProperty("body").GetBytesFromBase64()];
        }
    }

    private static byte[] Bytes(JsonElement row) => row.GetProperty("bytes").GetBytesFromBase64();

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static IEnumerable<JsonElement> Rows(string name)
    {
        using var file = File.OpenRead(Checkout.File("tests", "Data", "wire-vectors", name + ".jsonl.gz"));
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        while (lines.ReadLine() is { } line)
            yield return JsonElement.Parse(line);
    }
}
