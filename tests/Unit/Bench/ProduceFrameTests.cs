using System.Buffers.Binary;
using Millrace.Bench.Wire;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Bench;

public sealed class ProduceFrameTests
{
    private static readonly TopicPartitions Topic = new("measured", new Uuid(1, 2), []);

    public static TheoryData<short> Versions => [3, 8, 9, 11, 12, 13];

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_frame_is_the_request_that_a_broker_reads(short version)
    {
        var frame = Frame(version, new BatchSpec(100, 1000));
        frame.SetCorrelationId(77);

        var (header, request) = Read(frame);

        Assert.Equal(77, header.CorrelationId);
        Assert.Equal(version, header.ApiVersion);
        Assert.Equal(-1, request.Acks);
        var partition = request.TopicData.Single().PartitionData.Single();
        Assert.Equal(5, partition.Index);
        Assert.Equal(frame.BatchBytes, partition.Records.Length);
        RecordBatch.TryRead(partition.Records.Bytes.Span, out var batch);
        Assert.True(batch.IsCrcValid);
        Assert.Equal(frame.Records, batch.Count);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_new_sequence_has_a_right_checksum(short version)
    {
        var frame = Frame(version, new BatchSpec(100, 1000));
        frame.SetProducer(id: 9, epoch: 3, baseSequence: 40);

        RecordBatch.TryRead(Read(frame).Request.TopicData[0].PartitionData[0].Records.Bytes.Span, out var batch);

        Assert.True(batch.IsCrcValid);
        Assert.Equal((9L, (short)3, 40), (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(100)]
    [InlineData(70_000)]
    public void A_new_value_has_a_right_checksum(int recordBytes)
    {
        var spec = new BatchSpec(recordBytes, BatchBytes: 1);
        var frame = Frame(version: 11, spec);
        frame.SetLastValue(spec.ValueBytes, number: 123_456_789);

        RecordBatch.TryRead(frame.Batch, out var batch);

        Assert.True(batch.IsCrcValid);
        var records = batch.Records(batch.RecordBytes);
        Assert.True(records.MoveNext());
        Assert.Equal(recordBytes, records.Current.Value.Length);
        Assert.Equal(123_456_789, BinaryPrimitives.ReadInt64BigEndian(records.Current.Value));
    }

    [Theory]
    [InlineData(false, 100)]
    [InlineData(true, 92)]
    public void A_batch_is_filled_and_no_more(bool isKeyed, int valueBytes)
    {
        var bytes = new BatchSpec(100, 16_384, IsKeyed: isKeyed).Build(seed: 1, timestampMs: 1000);

        RecordBatch.TryRead(bytes, out var batch);

        Assert.InRange(bytes.Length, 16_384 - 124, 16_384);
        foreach (var record in batch.Records(batch.RecordBytes))
        {
            Assert.Equal(isKeyed, record.HasKey);
            Assert.Equal(valueBytes, record.Value.Length);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(13)]
    public void A_reply_is_read(short version)
    {
        using var writer = new WireWriter();
        new RequestHeader((short)ApiKey.Produce, version, 42, "").WriteResponse(writer);
        new ProduceResponse
        {
            Responses =
            [
                new()
                {
                    Name = "measured",
                    PartitionResponses =
                    [
                        new() { Index = 5, BaseOffset = 900, ErrorCode = ErrorCode.NotEnoughReplicas },
                    ],
                },
            ],
        }.Write(writer, version);

        var reply = ProduceReply.Read(writer.WrittenSpan.ToArray(), version);

        Assert.Equal(new ProduceReply(42, 5, ErrorCode.NotEnoughReplicas, 900), reply);
    }

    private static ProduceFrame Frame(short version, BatchSpec spec) =>
        new(version, Topic, partition: 5, acks: -1, spec.Build(seed: 1, timestampMs: 1000));

    private static (RequestHeader Header, ProduceRequest Request) Read(ProduceFrame frame)
    {
        var bytes = frame.Bytes.ToArray();
        Assert.Equal(bytes.Length - 4, BinaryPrimitives.ReadInt32BigEndian(bytes));
        var reader = new WireReader(bytes.AsMemory(4));
        var header = RequestHeader.Read(ref reader);
        var request = reader.Struct<ProduceRequest>(header.ApiVersion);
        Assert.Equal(0, reader.Remaining);
        return (header, request);
    }
}
