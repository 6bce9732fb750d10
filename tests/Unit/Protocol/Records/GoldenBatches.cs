using System.Text.Json;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Unit.Protocol.Records;

/// <summary>Batches that Apache Kafka 4.4 wrote, of all codecs, compacted, control and cut ones too.</summary>
public sealed class GoldenBatches
{
    [Fact]
    public void All_decode_to_what_Kafka_says()
    {
        int batches = 0;
        foreach (JsonElement row in WireVectors.Read("records"))
        {
            string name = row.Text("description");
            byte[] bytes = row.Bytes("bytes");
            RecordBatches walk = RecordBatch.Enumerate(bytes);
            foreach (JsonElement expected in row.GetProperty("batches").EnumerateArray())
            {
                Assert.True(walk.MoveNext(), name);
                CompareHeader(name, expected, walk.Current);
                CompareRecords(name, expected, walk.Current);
                batches++;
            }

            Assert.False(walk.MoveNext(), name);
            Assert.Equal(RecordBatchError.Incomplete, walk.Error);
        }

        Assert.True(batches > 120);
    }

    [Fact]
    public void Uncompressed_batches_are_written_to_the_same_bytes()
    {
        int written = 0;
        foreach (JsonElement row in WireVectors.Read("records"))
        {
            string name = row.Text("description");
            foreach (RecordBatch batch in RecordBatch.Enumerate(row.Bytes("bytes")))
            {
                // Compaction takes records out, and append time hides the deltas: the builder does neither.
                if (batch.Compression != CompressionType.None || batch.TimestampType == TimestampType.LogAppendTime
                    || name.StartsWith("compacted", StringComparison.Ordinal))
                    continue;
                using var builder = new RecordBatchBuilder
                {
                    BaseOffset = batch.BaseOffset,
                    PartitionLeaderEpoch = batch.PartitionLeaderEpoch,
                    TimestampType = batch.TimestampType,
                    ProducerId = batch.ProducerId,
                    ProducerEpoch = batch.ProducerEpoch,
                    BaseSequence = batch.BaseSequence,
                    IsTransactional = batch.IsTransactional,
                    IsControl = batch.IsControl,
                };
                RecordEnumerator records = batch.Records(batch.RecordBytes);
                while (records.MoveNext())
                    builder.Append(records.Current);
                Assert.Equal(Convert.ToHexString(batch.Bytes), Convert.ToHexString(builder.Build()));
                written++;
            }
        }

        Assert.True(written > 15);
    }

    private static void CompareHeader(string name, JsonElement expected, scoped in RecordBatch batch)
    {
        (string Field, long Value)[] fields =
        [
            ("sizeInBytes", batch.SizeInBytes),
            ("baseOffset", batch.BaseOffset),
            ("lastOffset", batch.LastOffset),
            ("magic", batch.Magic),
            ("crc", batch.Crc),
            ("attributes", batch.Attributes),
            ("maxTimestamp", batch.MaxTimestamp),
            ("leaderEpoch", batch.PartitionLeaderEpoch),
            ("producerId", batch.ProducerId),
            ("producerEpoch", batch.ProducerEpoch),
            ("baseSequence", batch.BaseSequence),
            ("lastSequence", batch.LastSequence),
            ("count", batch.Count),
        ];
        foreach ((string field, long value) in fields)
            Assert.True(expected.GetProperty(field).GetInt64() == value, $"{name}: {field} is {value}");
        Assert.Equal(expected.Text("codec"), batch.Compression.ToString().ToLowerInvariant());
        Assert.Equal(expected.GetProperty("isTransactional").GetBoolean(), batch.IsTransactional);
        Assert.Equal(expected.GetProperty("isControl").GetBoolean(), batch.IsControl);
        Assert.Equal(expected.GetProperty("deleteHorizonMs").ValueKind != JsonValueKind.Null, batch.HasDeleteHorizon);
        Assert.True(batch.IsCrcValid, name);
    }

    private static void CompareRecords(string name, JsonElement expected, scoped in RecordBatch batch)
    {
        DecompressResult result =
            Codec.TryDecompress(batch.Compression, batch.RecordBytes, 1 << 20, out PooledBuffer? content);
        Assert.Equal(DecompressResult.Ok, result);
        using (content)
        {
            RecordEnumerator records = batch.Records(content!.Span);
            foreach (JsonElement record in expected.GetProperty("records").EnumerateArray())
            {
                Assert.True(records.MoveNext(), name);
                Assert.Equal(record.GetProperty("offset").GetInt64(), records.Current.Offset);
                Assert.Equal(record.GetProperty("timestamp").GetInt64(), records.Current.Timestamp);
                AssertBytes(record.GetProperty("key"), records.Current.HasKey, records.Current.Key);
                AssertBytes(record.GetProperty("value"), records.Current.HasValue, records.Current.Value);
                RecordHeaders headers = records.Current.Headers;
                foreach (JsonElement header in record.GetProperty("headers").EnumerateArray())
                {
                    Assert.True(headers.MoveNext(), name);
                    AssertBytes(header[0], true, headers.Current.Key);
                    AssertBytes(header[1], headers.Current.HasValue, headers.Current.Value);
                }

                Assert.False(headers.MoveNext(), name);
            }

            Assert.False(records.MoveNext(), name);
            Assert.Null(records.Error);
        }
    }

    private static void AssertBytes(JsonElement expected, bool present, ReadOnlySpan<byte> actual)
    {
        Assert.Equal(expected.ValueKind != JsonValueKind.Null, present);
        if (present)
            Assert.Equal(expected.GetString(), Convert.ToBase64String(actual));
    }
}
