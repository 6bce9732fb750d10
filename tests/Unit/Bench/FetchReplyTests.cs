using Millrace.Bench.Wire;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Bench;

public sealed class FetchReplyTests
{
    private static readonly byte[] Records = [1, 2, 3];

    public static TheoryData<short> Versions => [4, 5, 7, 10, 11, 12, 13, 18];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Records_are_found_in_every_version(short version)
    {
        var reply = FetchReply.Read(Encoded(version, ErrorCode.None), version);

        Assert.Equal(77, reply.CorrelationId);
        Assert.Equal(ErrorCode.None, reply.Error);
        Assert.Equal(Records, reply.Records.ToArray());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_error_of_the_partition_is_told(short version) => Assert.Equal(
        ErrorCode.OffsetOutOfRange, FetchReply.Read(Encoded(version, ErrorCode.OffsetOutOfRange), version).Error);

    private static byte[] Encoded(short version, ErrorCode error)
    {
        using var writer = new WireWriter();
        new RequestHeader((short)ApiKey.Fetch, version, 77, "test").WriteResponse(writer);
        new FetchResponse
        {
            Responses =
            [
                new()
                {
                    Topic = version < 13 ? "topic" : "",
                    TopicId = version < 13 ? Uuid.Zero : new Uuid(1, 2),
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 3,
                            ErrorCode = error,
                            HighWatermark = 9,
                            AbortedTransactions = [new() { ProducerId = 1, FirstOffset = 2 }],
                            Records = new RecordData(Records),
                        },
                    ],
                },
            ],
        }.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }
}
