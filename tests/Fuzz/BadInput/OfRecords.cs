using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about records and offsets.</summary>
internal static class OfRecords
{
    private static readonly Uuid Unknown = new(7, 7);

    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.Produce, "no topics", "?", _ => new ProduceRequest { Acks = 1 }),
        new(ApiKey.Produce, "acks that nobody knows", "?", at => Produce(at.TopicId, 0, new byte[100], 7)),
        new(ApiKey.Produce, "an unknown topic id", "?", _ => Produce(Unknown, 0, new byte[100])),
        new(ApiKey.Produce, "an unknown partition", "?", at => Produce(at.TopicId, 9, new byte[100])),
        new(ApiKey.Produce, "records that are none", "?", at => Produce(at.TopicId, 0, new byte[100])),
        new(ApiKey.Produce, "no records", "?", at => Produce(at.TopicId, 0, null)),
        new(ApiKey.Produce, "no bytes", "?", at => Produce(at.TopicId, 0, [])),
        new(ApiKey.Fetch, "an unknown topic id", "?", _ => Fetch(Unknown, 0, 0)),
        new(ApiKey.Fetch, "an unknown partition", "?", at => Fetch(at.TopicId, 9, 0)),
        new(ApiKey.Fetch, "an offset below zero", "?", at => Fetch(at.TopicId, 0, -5)),
        new(ApiKey.Fetch, "an unknown session", "?", _ => new FetchRequest { SessionId = 77, SessionEpoch = 3 }),
        new(ApiKey.Fetch, "sizes below zero", "?", at =>
        {
            var request = Fetch(at.TopicId, 0, 0);
            (request.MaxBytes, request.MinBytes, request.MaxWaitMs) = (-1, -1, -1);
            return request;
        }),
        new(ApiKey.ListOffsets, "an unknown topic", "?", _ => ListOffsets("unknown", 0, -1)),
        new(ApiKey.ListOffsets, "a special timestamp that nobody knows", "?", _ => ListOffsets(Topic, 0, -99)),
        new(ApiKey.ListOffsets, "a partition twice", "?", _ => new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = Topic, Partitions = [new() { Timestamp = -1 }, new() { Timestamp = -1 }] }],
        }),
        new(ApiKey.OffsetForLeaderEpoch, "an unknown topic", "?", _ => Epoch("unknown", 0)),
        new(ApiKey.OffsetForLeaderEpoch, "an epoch below zero", "?", _ => Epoch(Topic, -9)),
        new(ApiKey.DeleteRecords, "an unknown partition", "?", _ => DeleteRecords(Topic, 9, 0)),
        new(ApiKey.DeleteRecords, "an offset below zero", "?", _ => DeleteRecords(Topic, 0, -9)),
        new(ApiKey.DeleteRecords, "an offset beyond the end", "?", _ => DeleteRecords(Topic, 0, long.MaxValue)),
        new(ApiKey.DeleteRecords, "a name that is illegal", "?", _ => DeleteRecords("a/b", 0, 0)),
    ];

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
