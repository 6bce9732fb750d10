using System.Buffers.Binary;
using System.Text.Json;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Unit.Protocol;

namespace Millrace.Unit.Core.Log;

/// <summary>What a log takes from clients, against what Kafka does.</summary>
public sealed class BatchValidatorTests
{
    /// <summary>Kafka's verdict: its reader's (checksum, format) and its LogValidator's together.</summary>
    [Fact]
    public void Damaged_batches_are_taken_and_refused_as_by_Kafka()
    {
        LogSettings settings = new() { TimestampAfterMaxMs = long.MaxValue, MaxDecompressedBytes = 1 << 20 };
        List<string> differences = [];
        foreach (JsonElement row in WireVectors.Read("malformed-records"))
        {
            bool isBomb = row.TryGetProperty("logValidatorCapped", out _);
            bool expected = row.Text("result") == "ok" && row.Text("logValidator") == "ok" && !isBomb;
            byte[] bytes = row.Bytes("bytes");
            if (bytes.Length > 8)
                bytes.AsSpan(0, 8).Clear(); // the vectors' base offsets are those of a log
            BatchVerdict verdict = BatchValidator.Validate(bytes, settings, LogFixture.Now);
            if (expected != (verdict.Error == ErrorCode.None))
                differences.Add($"{row.GetProperty("id")} {row.Text("codec")} {row.Text("mutation")}: {verdict.Error}");
        }

        Assert.Empty(differences);
    }

    [Theory]
    [InlineData("nothing", ErrorCode.InvalidRecord, true)]
    [InlineData("five bytes", ErrorCode.InvalidRecord, true)]
    [InlineData("cut", ErrorCode.InvalidRecord, true)]
    [InlineData("two batches", ErrorCode.InvalidRecord, true)]
    [InlineData("one and a half", ErrorCode.None, false)]
    [InlineData("length 20", ErrorCode.CorruptMessage, true)]
    [InlineData("length -1", ErrorCode.CorruptMessage, true)]
    [InlineData("magic 1", ErrorCode.InvalidRecord, true)]
    [InlineData("magic 3", ErrorCode.CorruptMessage, true)]
    [InlineData("magic -1", ErrorCode.CorruptMessage, true)]
    [InlineData("checksum", ErrorCode.CorruptMessage, true)]
    [InlineData("base offset 7", ErrorCode.InvalidRecord, false)]
    [InlineData("leader epoch 9", ErrorCode.None, false)]
    [InlineData("control", ErrorCode.InvalidRecord, false)]
    [InlineData("codec 5", ErrorCode.UnknownServerError, false)]
    [InlineData("codec gzip", ErrorCode.UnknownServerError, false)]
    [InlineData("unused attribute", ErrorCode.None, false)]
    [InlineData("count 3", ErrorCode.InvalidRecord, false)]
    [InlineData("count -1", ErrorCode.InvalidRecord, false)]
    [InlineData("last offset delta 5", ErrorCode.InvalidRecord, false)]
    [InlineData("producer without sequence", ErrorCode.InvalidRecord, false)]
    public void Single_faults_are_answered_as_by_Kafka(string fault, ErrorCode expected, bool hidesLogStart)
    {
        byte[] batch = LogFixture.Batch(["a", "b"]);
        bool fixCrc = true;
        switch (fault)
        {
            case "nothing": batch = []; break;
            case "five bytes": batch = batch[..5]; break;
            case "cut": batch = batch[..^1]; break;
            case "two batches": batch = [.. batch, .. batch]; break;
            case "one and a half": batch = [.. batch, .. batch[..30]]; fixCrc = false; break;
            case "length 20": BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), 20); break;
            case "length -1": BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), -1); break;
            case "magic 1": batch[16] = 1; break;
            case "magic 3": batch[16] = 3; break;
            case "magic -1": batch[16] = 0xFF; break;
            case "checksum": batch[17] ^= 1; fixCrc = false; break;
            case "base offset 7": batch[7] = 7; break;
            case "leader epoch 9": batch[15] = 9; break;
            case "control": batch[22] |= 0x20; break;
            case "codec 5": batch[22] |= 5; break;
            case "codec gzip": batch[22] |= 1; break;
            case "unused attribute": batch[21] |= 1; break;
            case "count 3": batch[60] = 3; batch[26] = 2; break;
            case "count -1": BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), -1); break;
            case "last offset delta 5": batch[26] = 5; break;
            case "producer without sequence": BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(43), 4); break;
        }

        if (fixCrc && batch.Length > 61 && fault != "two batches")
            RecordBatchHeader.UpdateCrc(batch);
        BatchVerdict verdict = BatchValidator.Validate(batch, LogSettings.Default, LogFixture.Now);
        Assert.Equal(expected, verdict.Error);
        Assert.Equal(hidesLogStart, verdict.HidesLogStart);
        Assert.Equal(fault is "length -1" or "magic 3" or "magic -1", verdict.TellsMessage);
    }

    [Fact]
    public void The_greatest_timestamp_is_corrected()
    {
        byte[] batch = LogFixture.Batch(["a", "b"]);
        RecordBatchHeader.SetMaxTimestamp(batch, TimestampType.LogAppendTime, 5);
        RecordBatchHeader.SetMaxTimestamp(batch, TimestampType.CreateTime, 5);
        Assert.Equal(ErrorCode.None, BatchValidator.Validate(batch, LogSettings.Default, LogFixture.Now).Error);
        RecordBatch.TryRead(batch, out RecordBatch stored);
        Assert.Equal(LogFixture.Now.Milliseconds + 1, stored.MaxTimestamp);
        Assert.True(stored.IsCrcValid);
    }

    [Fact]
    public void Append_time_is_stamped()
    {
        LogSettings settings = new() { TimestampType = TimestampType.LogAppendTime };
        byte[] batch = LogFixture.Batch(["a", "b"], timestamp: 99_999_999_999_999);
        Instant now = LogFixture.Now + 77;
        Assert.Equal(ErrorCode.None, BatchValidator.Validate(batch, settings, now).Error);
        RecordBatch.TryRead(batch, out RecordBatch stored);
        Assert.Equal(TimestampType.LogAppendTime, stored.TimestampType);
        Assert.Equal(now.Milliseconds, stored.MaxTimestamp);
        Assert.True(stored.IsCrcValid);
    }

    [Fact]
    public void Wrong_times_and_missing_keys_are_named()
    {
        LogSettings settings = new() { TimestampBeforeMaxMs = 1000, TimestampAfterMaxMs = 1000, Compact = true };
        using var builder = new RecordBatchBuilder();
        long now = LogFixture.Now.Milliseconds;
        builder.Append(now, [1], [1]);
        builder.Append(now - 1001, [1], [1]);
        builder.Append(-1, [1], [1]);
        builder.Append(now + 1001, [1], [1]);
        BatchVerdict time = BatchValidator.Validate(builder.Build(), settings, LogFixture.Now);
        Assert.Equal(ErrorCode.InvalidTimestamp, time.Error);
        Assert.Equal([1, 3], time.RecordErrors!.Select(error => error.BatchIndex));

        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            using var keyless = new RecordBatchBuilder { Compression = codec };
            keyless.Append(now, [1], [1]);
            keyless.AppendNullable(now, null, [1]);
            BatchVerdict key = BatchValidator.Validate(keyless.Build(), settings, LogFixture.Now);
            Assert.Equal(ErrorCode.InvalidRecord, key.Error);
            Assert.Equal([1], key.RecordErrors!.Select(error => error.BatchIndex));
        }
    }

    [Fact]
    public void Odd_offsets_pass_without_compression_only()
    {
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            using var builder = new RecordBatchBuilder { Compression = codec };
            foreach (int delta in (int[])[2, 0, 2])
            {
                builder.Append(new Millrace.Protocol.Records.Record
                {
                    OffsetDelta = delta,
                    Timestamp = LogFixture.Now.Milliseconds,
                });
            }

            BatchVerdict verdict = BatchValidator.Validate(builder.Build(), LogSettings.Default, LogFixture.Now);
            Assert.Equal(codec == CompressionType.None ? ErrorCode.None : ErrorCode.UnknownServerError, verdict.Error);
        }
    }

    [Fact]
    public void The_topics_codec_replaces_the_producers()
    {
        foreach (CompressionType wanted in Enum.GetValues<CompressionType>())
        {
            foreach (CompressionType given in Enum.GetValues<CompressionType>())
            {
                var fixture = new LogFixture(LogFixture.Small with { Compression = wanted });
                AppendResult result = fixture.Append(
                    LogFixture.Batch(["v0", "v1"], codec: given, producerId: 3, epoch: 0, sequence: 0));
                Assert.Equal(ErrorCode.None, result.Error);
                fixture.AssertHolds(2);
                byte[] stored = fixture.Disk.Content("orders-0/00000000000000000000.log");
                RecordBatch.TryRead(stored, out RecordBatch batch);
                Assert.Equal(wanted, batch.Compression);
                Assert.Equal(3, batch.ProducerId);
            }
        }
    }

    [Fact]
    public void Sizes_are_limited_to_the_byte()
    {
        byte[] batch = LogFixture.Batch(["a"]);
        LogSettings exact = new() { MaxMessageBytes = batch.Length };
        Assert.Equal(ErrorCode.None, BatchValidator.Validate(batch, exact, LogFixture.Now).Error);
        LogSettings less = new() { MaxMessageBytes = batch.Length - 1 };
        Assert.Equal(ErrorCode.MessageTooLarge, BatchValidator.Validate(batch, less, LogFixture.Now).Error);
        var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = batch.Length - 1 });
        AppendResult result = fixture.Append(batch);
        Assert.Equal(ErrorCode.RecordListTooLarge, result.Error);
        Assert.Equal(Offset.None, result.LogStartOffset);
    }
}
