using System.Text.Json;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Unit.Protocol.Records;

/// <summary>Damaged batches: what Kafka's reader takes is taken, what it refuses is refused.</summary>
public sealed class MalformedBatches
{
    private const int Limit = 1 << 20;

    [Fact]
    public void Are_taken_and_refused_as_by_Kafka()
    {
        List<string> differences = [];
        int rows = 0;
        foreach (JsonElement row in WireVectors.Read("malformed-records"))
        {
            bool isBomb = row.TryGetProperty("logValidatorCapped", out _);
            bool expected = row.Text("result") == "ok" && !isBomb;
            string? complaint = Complaint(row.Bytes("bytes"));
            if (expected != complaint is null && !IsStricter(row))
            {
                differences.Add(
                    $"{row.GetProperty("id")} {row.Text("codec")} {row.Text("mutation")}: {complaint ?? "taken"}");
            }

            rows++;
        }

        Assert.Empty(differences);
        Assert.Equal(178, rows);
    }

    /// <summary>Kafka's reader does not look into a section of which the header says that it has no records.</summary>
    private static bool IsStricter(JsonElement row) =>
        row.Text("mutation") == "record count 0 (true 3), CRC right";

    private static string? Complaint(byte[] bytes)
    {
        RecordBatches batches = RecordBatch.Enumerate(bytes);
        while (batches.MoveNext())
        {
            RecordBatch batch = batches.Current;
            if (!batch.IsCrcValid)
                return "checksum";
            DecompressResult result =
                Codec.TryDecompress(batch.Compression, batch.RecordBytes, Limit, out PooledBuffer? content);
            if (result != DecompressResult.Ok)
                return result.ToString();
            using (content)
            {
                RecordEnumerator records = batch.Records(content!.Span);
                while (records.MoveNext())
                {
                    foreach (RecordHeader header in records.Current.Headers)
                        Assert.True(header.Key.Length + header.Value.Length <= content.Length);
                }

                if (records.Error is not null)
                    return records.Error;
            }
        }

        return batches.Error == RecordBatchError.Incomplete ? null : batches.Error.ToString();
    }
}
