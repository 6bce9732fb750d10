using Millrace.Broker.Partitions;
using Millrace.Broker.Requests.Transactions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// Produce (key 0), versions 3 to 13. Appends one batch to each partition that is named.
/// </summary>
/// <remarks>
/// <para>acks=0 has no answer, and any error in it ends the connection; acks=1 is answered after the append, acks=-1
/// when the records are on stable storage. A partition that is named twice is answered once, by its last batch.</para>
/// <para>Version 13 names topics by id. Records at fault are named from version 8 on; as in Kafka only they come with a
/// message. zstd needs version 7.</para>
/// <para>Before the first batch of a transaction in a partition the coordinator is asked whether the partition is part
/// of the transaction; from version 12 on this makes it so (KIP-890). Meanwhile the connection's further requests are
/// held back, for they must not overtake this one.</para>
/// </remarks>
internal sealed class ProduceHandler(TopicPartitions topics, TransactionVerifier verifier)
    : RecyclingRequestHandler<ProduceRequest>
{
    private const string AdminClientId = "__admin_client";
    private const short FirstVersionWithZstd = 7;
    private const short FirstVersionWithAbortable = 11;
    private const short FirstVersionWithEpochs = 12;
    private const short FirstVersionWithIds = 13;

    private static readonly Action<object, ErrorCode> StorageFailed = Fail;

    protected override void Handle(PendingRequest pending, ProduceRequest request)
    {
        if (request.TransactionalId is null || Unverified(pending, request) is not { Count: > 0 } unverified)
            Answer(pending, request, AppendAll(pending, request, null));
        else
            Verify(pending, request, unverified);
    }

    /// <summary>Appends, as far as the transaction may, and answers when nothing is locked.</summary>
    private void Verify(
        PendingRequest pending, ProduceRequest request, Dictionary<TopicPartition, ProducerIdAndEpoch> unverified)
    {
        foreach (var data in request.TopicData.SelectMany(topic => topic.PartitionData))
            data.Records = new RecordData(data.Records.Bytes.ToArray());
        var producer = unverified.Values.First();
        var asker = new TransactionalProducer(request.TransactionalId!, producer.Id, producer.Epoch);
        var isOne = unverified.Values.All(other => other == producer);
        pending.Connection.HoldBack();
        verifier.Verify(
            pending.Loop, asker, unverified.Keys, isOne && pending.Version >= FirstVersionWithEpochs, errors =>
            {
                var appended = AppendAll(pending, request, partition =>
                    !unverified.ContainsKey(partition) ? null
                    : isOne ? errors(partition)
                    : ErrorCode.InvalidProducerIdMapping);
                var connection = pending.Connection;
                connection.Loop.Post(() =>
                {
                    Answer(pending, request, appended);
                    connection.GoOn();
                });
            });
    }

    /// <summary>Where the request would begin a transaction, and whose.</summary>
    private Dictionary<TopicPartition, ProducerIdAndEpoch> Unverified(PendingRequest pending, ProduceRequest request)
    {
        var unverified = new Dictionary<TopicPartition, ProducerIdAndEpoch>();
        foreach (var topic in request.TopicData)
        {
            var hosted = Find(pending, topic);
            foreach (var data in topic.PartitionData)
            {
                if (TopicPartitions.Find(hosted, data.Index) is not { } partition
                    || Check(pending, request, hosted, partition, data.Records) != ErrorCode.None
                    || RecordBatch.TryRead(data.Records.Bytes.Span, out var batch) != RecordBatchError.None
                    || !batch.IsTransactional)
                    continue;
                var producer = new ProducerIdAndEpoch(batch.ProducerId, batch.ProducerEpoch);
                if (!partition.HasOpenTransaction(producer))
                    unverified[partition.Id] = producer;
            }
        }

        return unverified;
    }

    private HostedTopic? Find(PendingRequest pending, ProduceRequest.TopicProduceData topic) =>
        pending.Version >= FirstVersionWithIds ? topics.Find(topic.TopicId) : topics.Find(topic.Name);

    /// <summary>Appends to every partition.</summary>
    /// <param name="pending">The request.</param>
    /// <param name="request">Its body.</param>
    /// <param name="verdict">What the coordinator says of a partition's transaction, null where it was not asked; null
    /// for all.</param>
    private Appended AppendAll(
        PendingRequest pending, ProduceRequest request, Func<TopicPartition, ErrorCode?>? verdict)
    {
        var response = pending.Use<ProduceResponse>();
        DelayedReply? delayed = null;
        if (request.Acks == -1)
        {
            delayed = pending.Use<DelayedReply>();
            delayed.Begin(pending, response);
        }

        var hasFailed = false;
        foreach (var topic in request.TopicData)
        {
            var answer = Recycled<ProduceResponse.TopicProduceResponse>.Take();
            (answer.Name, answer.TopicId) = (topic.Name, topic.TopicId);
            response.Responses.Add(answer);
            var last = topic.PartitionData.Count > 1 ? LastOfEach(pending, topic.PartitionData) : null;
            for (var i = 0; i < topic.PartitionData.Count; i++)
            {
                if (last is not null && last[topic.PartitionData[i].Index] != i)
                    continue;
                var partition = Append(pending, request, topic, topic.PartitionData[i], delayed, verdict);
                hasFailed |= partition.ErrorCode != ErrorCode.None;
                answer.PartitionResponses.Add(partition);
            }
        }

        return new Appended(response, delayed, hasFailed);
    }

    /// <summary>Answers, or lets the answer wait for stable storage. Nothing may be locked, nor used
    /// afterwards.</summary>
    private static void Answer(PendingRequest pending, ProduceRequest request, in Appended appended)
    {
        if (appended.Delayed is { } delayed)
            delayed.Seal();
        else if (request.Acks != 0)
            pending.Reply(appended.Response);
        else if (appended.HasFailed)
            pending.Refuse("a Produce with acks=0 failed, which has no other way to be told");
        else
            pending.ReplyNothing();
    }

    private ProduceResponse.PartitionProduceResponse Append(
        PendingRequest pending, ProduceRequest request, ProduceRequest.TopicProduceData topic,
        ProduceRequest.PartitionProduceData data, DelayedReply? delayed, Func<TopicPartition, ErrorCode?>? verdict)
    {
        var answer = Recycled<ProduceResponse.PartitionProduceResponse>.Take();
        (answer.Index, answer.BaseOffset) = (data.Index, -1);
        var hosted = Find(pending, topic);
        var partition = TopicPartitions.Find(hosted, data.Index);
        answer.ErrorCode = Check(pending, request, hosted, partition, data.Records);
        if (answer.ErrorCode != ErrorCode.None)
            return answer;
        var verified = verdict?.Invoke(partition!.Id);
        if (verified is not (null or ErrorCode.None))
        {
            (answer.ErrorCode, answer.ErrorMessage) = Unverified(verified.Value, pending.Version);
            return answer;
        }

        var origin = verified is null ? AppendOrigin.Client
            : pending.Version >= FirstVersionWithEpochs ? AppendOrigin.VerifiedClientWithEpochs
            : AppendOrigin.VerifiedClient;
        var listener = delayed?.Await(answer, StorageFailed);
        var result = partition!.Append(data.Records.Bytes.Span, origin, pending.Loop.Now, listener);
        answer.LogAppendTimeMs = result.LogAppendTimeMs;
        if (result.Error == ErrorCode.None)
        {
            answer.BaseOffset = result.BaseOffset.Value;
            answer.LogStartOffset = partition.Log.LogStartOffset.Value;
            return answer;
        }

        answer.ErrorCode = result.Error;
        answer.ErrorMessage = result.TellsMessage ? result.ErrorMessage : null;
        answer.LogStartOffset = result.LogStartOffset.Value;
        foreach (var (index, message) in result.RecordErrors)
            answer.RecordErrors.Add(new() { BatchIndex = index, BatchIndexErrorMessage = message });
        delayed?.Forget();
        return answer;
    }

    private static ErrorCode Check(
        PendingRequest pending, ProduceRequest request, HostedTopic? topic, Partition? partition, RecordData records)
    {
        if (request.Acks is not (-1 or 0 or 1))
            return ErrorCode.InvalidRequiredAcks;
        if (topic is null && pending.Version >= FirstVersionWithIds)
            return ErrorCode.UnknownTopicId;
        if (topic is not null && topic.IsInternal && pending.Header.ClientId != AdminClientId)
            return ErrorCode.InvalidTopic;
        if (partition is null)
            return ErrorCode.UnknownTopicOrPartition;
        if (records.Length == 0)
            return ErrorCode.InvalidRecord;
        if (RecordBatch.TryRead(records.Bytes.Span, out var batch) != RecordBatchError.None)
            return ErrorCode.None;
        if (batch.IsTransactional && request.TransactionalId is null)
            return ErrorCode.TransactionalIdAuthorizationFailed;
        return batch.Compression == CompressionType.Zstd && pending.Version < FirstVersionWithZstd
            ? ErrorCode.UnsupportedCompressionType
            : ErrorCode.None;
    }

    /// <summary>As Kafka tells it: what may pass is NOT_ENOUGH_REPLICAS, upon which all clients try again.</summary>
    private static (ErrorCode Error, string? Message) Unverified(ErrorCode error, short version) => error switch
    {
        ErrorCode.ProducerFenced => (ErrorCode.InvalidProducerEpoch, null),
        ErrorCode.TransactionAbortable when version < FirstVersionWithAbortable =>
            (ErrorCode.InvalidTxnState, "The partition was not added to the transaction."),
        ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator =>
            (ErrorCode.NotEnoughReplicas, $"It can't be told whether the partition is in the transaction: {error}."),
        _ => (error, null),
    };

    /// <summary>The storage of records that were appended has failed.</summary>
    private static void Fail(object answer, ErrorCode error)
    {
        var partition = (ProduceResponse.PartitionProduceResponse)answer;
        partition.ErrorCode = error;
        partition.BaseOffset = -1;
    }

    /// <summary>Where in the list each partition stands for the last time.</summary>
    private static Dictionary<int, int> LastOfEach(
        PendingRequest pending, List<ProduceRequest.PartitionProduceData> data)
    {
        var last = pending.Use<Places>().OfPartitions;
        for (var i = 0; i < data.Count; i++)
            last[data[i].Index] = i;
        return last;
    }

    private readonly record struct Appended(ProduceResponse Response, DelayedReply? Delayed, bool HasFailed);

    private sealed class Places : IRecyclable
    {
        private const int MostKept = 1024;

        public Dictionary<int, int> OfPartitions { get; private set; } = [];

        public void Clear()
        {
            if (OfPartitions.Count > MostKept)
                OfPartitions = [];
            else
                OfPartitions.Clear();
        }

        public void Recycle()
        {
            Clear();
            Recycled<Places>.Give(this);
        }
    }
}
