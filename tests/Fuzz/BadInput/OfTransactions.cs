using Millrace.Protocol.Messages;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about transactions.</summary>
internal static class OfTransactions
{
    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.InitProducerId, "an empty transactional id", "InvalidRequest", _ => Init("", 1000)),
        new(ApiKey.InitProducerId, "a timeout below zero", "InvalidTransactionTimeout", _ => Init("bad-timeout", -1)),
        new(ApiKey.InitProducerId, "a timeout beyond the most", "InvalidTransactionTimeout",
            _ => Init("bad-timeout", int.MaxValue)),
        new(ApiKey.InitProducerId, "an epoch without an id", "InvalidRequest", _ =>
        {
            var request = Init("bad-epoch", 1000);
            request.ProducerEpoch = 5;
            return request;
        }),
        new(ApiKey.AddPartitionsToTxn, "an unknown transactional id", "InvalidProducerIdMapping",
            _ => new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = "unknown",
                V3AndBelowProducerId = 1,
                V3AndBelowTopics = [new() { Name = Topic, Partitions = [0] }],
            }) { Version = 3 },
        new(ApiKey.AddPartitionsToTxn, "an unknown topic", "UnknownTopicOrPartition", _ => new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = "unknown",
            V3AndBelowTopics = [new() { Name = "unknown", Partitions = [0] }],
        }) { Version = 3 },
        new(ApiKey.AddOffsetsToTxn, "an unknown transactional id", "InvalidProducerIdMapping",
            _ => new AddOffsetsToTxnRequest
            {
                TransactionalId = "unknown",
                GroupId = "g",
            }),
        new(ApiKey.AddOffsetsToTxn, "an empty transactional id", "InvalidRequest", _ => new AddOffsetsToTxnRequest()),
        new(ApiKey.EndTxn, "an unknown transactional id", "InvalidProducerIdMapping",
            _ => new EndTxnRequest { TransactionalId = "unknown" }),
        new(ApiKey.EndTxn, "an empty transactional id", "InvalidRequest", _ => new EndTxnRequest()),
        new(ApiKey.TxnOffsetCommit, "an unknown transactional id", "InvalidProducerIdMapping",
            _ => new TxnOffsetCommitRequest
            {
                TransactionalId = "unknown",
                GroupId = "g",
                ProducerId = 1,
                Topics = [new() { Name = Topic, Partitions = [new() { CommittedOffset = 1 }] }],
            }) { Version = 4 },
        new(ApiKey.TxnOffsetCommit, "an unknown topic", "UnknownTopicOrPartition", _ => new TxnOffsetCommitRequest
        {
            TransactionalId = "unknown",
            GroupId = "g",
            Topics = [new() { Name = "unknown", Partitions = [new()] }],
        }) { Version = 4 },
        new(ApiKey.WriteTxnMarkers, "no markers", "None", _ => new WriteTxnMarkersRequest()),
        new(ApiKey.WriteTxnMarkers, "an unknown topic", "UnknownTopicOrPartition", _ => new WriteTxnMarkersRequest
        {
            Markers = [new() { ProducerId = 1, Topics = [new() { Name = "unknown", PartitionIndexes = [0] }] }],
        }),
        new(ApiKey.DescribeTransactions, "an unknown and an empty id", "InvalidRequest TransactionalIdNotFound",
            _ => new DescribeTransactionsRequest
            {
                TransactionalIds = ["unknown", ""],
            }),
        new(ApiKey.ListTransactions, "a pattern that is none", "InvalidRegularExpression",
            _ => new ListTransactionsRequest
            {
                TransactionalIdPattern = "(",
            }),
        new(ApiKey.ListTransactions, "a stray parenthesis", "InvalidRegularExpression", _ => new ListTransactionsRequest
        {
            TransactionalIdPattern = "a)(b",
        }),
        new(ApiKey.ListTransactions, "a state that nobody knows", "None", _ => new ListTransactionsRequest
        {
            StateFilters = ["Nowhere"],
        }),
        new(ApiKey.DescribeProducers, "an unknown partition", "UnknownTopicOrPartition",
            _ => new DescribeProducersRequest
            {
                Topics = [new() { Name = Topic, PartitionIndexes = [9, -1] }],
            }),
        new(ApiKey.DescribeProducers, "a name that is illegal", "InvalidTopic", _ => new DescribeProducersRequest
        {
            Topics = [new() { Name = "a/b", PartitionIndexes = [0] }],
        }),
    ];

    private static InitProducerIdRequest Init(string id, int timeoutMs) => new()
    {
        TransactionalId = id,
        TransactionTimeoutMs = timeoutMs,
        ProducerId = -1,
        ProducerEpoch = -1,
    };
}
