using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>
/// A record as the tests compare it: JSON with key, value and header values in base64, nulls kept, and the timestamp.
/// </summary>
internal static class Sample
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    /// <summary>Keys, values and headers of every kind, enough for several batches.</summary>
    public static List<Message<byte[]?, byte[]?>> Records()
    {
        var noise = new byte[20_000];
        new Random(1).NextBytes(noise);
        List<Message<byte[]?, byte[]?>> records =
        [
            New("key", "value"),
            New(null, "no key"),
            New("deleted", null),
            New("", ""),
            New(null, null),
            New("é漢😀", "é漢😀", ("é漢😀", "é漢😀")),
            New("headers", "value", ("a", "1"), ("a", "2"), ("b", ""), ("", "no name")),
            New("large", string.Concat(Enumerable.Repeat("compressible ", 5_000))),
            new() { Key = noise[..100], Value = noise },
            New("null header", "value", ("h", null)),
        ];
        records.AddRange(Enumerable.Range(0, 300).Select(i => New($"key {i}", $"value {i}", ("i", $"{i}"))));
        foreach (var (i, record) in records.Index())
            record.Timestamp = new Timestamp(Start.AddMilliseconds(i));
        return records;
    }

    public static Message<byte[]?, byte[]?> New(
        string? key, string? value, params (string Name, string? Value)[] headers)
    {
        var message = new Message<byte[]?, byte[]?> { Key = Utf8(key), Value = Utf8(value), Headers = [] };
        foreach (var header in headers)
            message.Headers.Add(header.Name, Utf8(header.Value));
        return message;
    }

    public static string Line(Message<byte[]?, byte[]?> message)
    {
        var headers = (message.Headers ?? [])
            .Select(header => (JsonNode?)new JsonArray(header.Key, Base64(header.GetValueBytes())));
        return new JsonObject
        {
            ["key"] = Base64(message.Key),
            ["value"] = Base64(message.Value),
            ["headers"] = new JsonArray([.. headers]),
            ["timestamp"] = message.Timestamp.UnixTimestampMs,
        }.ToJsonString();
    }

    /// <summary>The records that a client program printed.</summary>
    public static IEnumerable<string> Lines(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.StartsWith("{\"key\"", StringComparison.Ordinal))
            .Select(line => JsonNode.Parse(line)!.ToJsonString());

    /// <summary>Writes in order; the offsets, once all are acknowledged.</summary>
    public static async Task<long[]> Produce(
        this IProducer<byte[]?, byte[]?> producer,
        TopicPartition partition,
        IEnumerable<Message<byte[]?, byte[]?>> records)
    {
        var sent = await Task.WhenAll([.. records.Select(record => producer.ProduceAsync(partition, record))]);
        return [.. sent.Select(result => result.Offset.Value)];
    }

    /// <summary>The <paramref name="count"/> records of a partition, which must have no more.</summary>
    public static List<ConsumeResult<byte[]?, byte[]?>> ReadAll(
        this IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, int count)
    {
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        var records = consumer.Take(count);
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High;
        Assert.Equal(count, end.Value);
        return records;
    }

    public static List<ConsumeResult<byte[]?, byte[]?>> Take(this IConsumer<byte[]?, byte[]?> consumer, int count)
    {
        using var deadline = ChildProcess.Deadline();
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        while (records.Count < count)
            records.Add(consumer.Consume(deadline.Token));
        return records;
    }

    public static byte[]? Utf8(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static string? Base64(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);
}
