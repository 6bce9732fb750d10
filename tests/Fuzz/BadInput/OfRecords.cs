using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using static Millrace.Fuzz.BadInput.BadRow;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about records and offsets.</summary>
internal static class OfRecords
{
    private static readonly Uuid Unknown = new(7, 7);

    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.Produce, "no topics", "None", _ => new ProduceRequest { Acks = 1 }),
        new(ApiKey.Produce, "acks that nobody knows", "InvalidRequiredAcks", at => Produce(at.TopicId, 0, Batch(), 7)),
        new(ApiKey.Produce, "an unknown topic id", "UnknownTopicId", _ => Produce(Unknown, 0, Batch())),
        new(ApiKey.Produce, "an unknown partition", "UnknownTopicOrPartition", at => Produce(at.TopicId, 9, Batch())),
        new(ApiKey.Produce, "records that are none", "CorruptMessage", at => Produce(at.TopicId, 0, new byte[100])),
        new(ApiKey.Produce, "no records", "InvalidRecord", at => Produce(at.TopicId, 0, null)) { Kafka = Silent },
        new(ApiKey.Produce, "no bytes", "InvalidRecord", at => Produce(at.TopicId, 0, [])),
        new(ApiKey.Fetch, "an unknown topic id", "UnknownTopicId", _ => Fetch(Unknown, 0, 0)),
        new(ApiKey.Fetch, "an unknown partition", "UnknownTopicOrPartition", at => Fetch(at.TopicId, 9, 0)),
        new(ApiKey.Fetch, "an offset below zero", "OffsetOutOfRange", at => Fetch(at.TopicId, 0, -5)),
        new(ApiKey.Fetch, "an unknown session", "FetchSessionIdNotFound",
            _ => new FetchRequest { SessionId = 77, SessionEpoch = 3 }),
        new(ApiKey.Fetch, "sizes below zero", "None", at =>
        {
            var request = Fetch(at.TopicId, 0, 0);
            (request.MaxBytes, request.MinBytes, request.MaxWaitMs) = (-1, -1, -1);
            return request;
        }),
        new(ApiKey.ListOffsets, "an unknown topic", "UnknownTopicOrPartition", _ => ListOffsets("unknown", 0, -1)),
        new(ApiKey.ListOffsets, "a special timestamp that nobody knows", "UnsupportedVersion",
            _ => ListOffsets(Topic, 0, -99)),
        new(ApiKey.ListOffsets, "a partition twice", "InvalidRequest", _ => new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = Topic, Partitions = [new() { Timestamp = -1 }, new() { Timestamp = -1 }] }],
        }),
        new(ApiKey.OffsetForLeaderEpoch, "an unknown topic", "UnknownTopicOrPartition", _ => Epoch("unknown", 0)),
        new(ApiKey.OffsetForLeaderEpoch, "an epoch below zero", "None", _ => Epoch(Topic, -9)),
        new(ApiKey.DeleteRecords, "an unknown partition", "UnknownTopicOrPartition", _ => DeleteRecords(Topic, 9, 0)),
        new(ApiKey.DeleteRecords, "an offset below zero", "OffsetOutOfRange", _ => DeleteRecords(Topic, 0, -9)),
        new(ApiKey.DeleteRecords, "an offset beyond the end", "OffsetOutOfRange",
            _ => DeleteRecords(Topic, 0, long.MaxValue)),
        new(ApiKey.DeleteRecords, "a name that is illegal", "UnknownTopicOrPartition", _ => DeleteRecords("a/b", 0, 0)),
    ];

    private static byte[] Batch()
    {
        using var batch = new RecordBatchBuilder();
        batch.Append(1_700_000_000_000, "key"u8, "value"u8);
        return batch.Build().ToArray();
    }

    private static ProduceRequest Produce(Uuid topic, int partition, byte[]? records, short acks = 1) => new()
    {
        Acks = acks,
        TimeoutMs = 1000,
        TopicData =
        [
            new()
            {
                TopicId = topic,
                PartitionData =
                [
                    new() { Index = partition, Records = records is null ? RecordData.Null : new RecordData(records) },
                ],
            },
        ],
    };

    private static FetchRequest Fetch(Uuid topic, int partition, long offset) => new()
    {
        MaxBytes = 1000,
        Topics =
        [
            new()
            {
                TopicId = topic,
                Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = 1000 }],
            },
        ],
    };

    private static ListOffsetsRequest ListOffsets(string topic, int partition, long timestamp) => new()
    {
        ReplicaId = -1,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = timestamp }] }],
    };

    private static OffsetForLeaderEpochRequest Epoch(string topic, int epoch) => new()
    {
        Topics = [new() { Topic = topic, Partitions = [new() { LeaderEpoch = epoch }] }],
    };

    private static DeleteRecordsRequest DeleteRecords(string topic, int partition, long offset) => new()
    {
        TimeoutMs = 1000,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Offset = offset }] }],
    };
}
