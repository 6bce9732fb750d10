using Millrace.Broker.Partitions;
using Millrace.Core.Log;
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
/// <para>Known gap: transactional batches are refused until the transaction coordinator exists.</para>
/// </remarks>
internal sealed class ProduceHandler(TopicPartitions topics) : RequestHandler<ProduceRequest>
{
    private const string AdminClientId = "__admin_client";
    private const short FirstVersionWithZstd = 7;

    protected override void Handle(PendingRequest pending, ProduceRequest request)
    {
        var response = new ProduceResponse();
        var delayed = request.Acks == -1 ? new DelayedReply(pending, response) : null;
        var failed = false;
        foreach (var topic in request.TopicData)
        {
            var answer = new ProduceResponse.TopicProduceResponse { Name = topic.Name, TopicId = topic.TopicId };
            response.Responses.Add(answer);
            var last = LastOfEach(topic.PartitionData);
            for (var i = 0; i < topic.PartitionData.Count; i++)
            {
                if (last[topic.PartitionData[i].Index] != i)
                    continue;
                var partition = Append(pending, request, topic, topic.PartitionData[i], delayed);
                failed |= partition.ErrorCode != ErrorCode.None;
                answer.PartitionResponses.Add(partition);
            }
        }

        if (delayed is not null)
            delayed.Seal();
        else if (request.Acks != 0)
            pending.Reply(response);
        else if (failed)
            pending.Refuse("a Produce with acks=0 failed, which has no other way to be told");
        else
            pending.ReplyNothing();
    }

    private ProduceResponse.PartitionProduceResponse Append(
        PendingRequest pending, ProduceRequest request, ProduceRequest.TopicProduceData topic,
        ProduceRequest.PartitionProduceData data, DelayedReply? delayed)
    {
        var answer = new ProduceResponse.PartitionProduceResponse
        {
            Index = data.Index,
            BaseOffset = -1,
            LogStartOffset = -1,
        };
        var hosted = pending.Version >= 13 ? topics.Find(topic.TopicId) : topics.Find(topic.Name);
        var partition = TopicPartitions.Find(hosted, data.Index);
        answer.ErrorCode = Check(pending, request, hosted, partition, data.Records);
        if (answer.ErrorCode != ErrorCode.None)
            return answer;

        var listener = delayed?.Await(error =>
        {
            answer.ErrorCode = error;
            answer.BaseOffset = -1;
        });
        var result = partition!.Append(
            data.Records.Bytes.Span, AppendOrigin.Client, pending.Loop.Now, listener);
        answer.LogAppendTimeMs = result.LogAppendTimeMs;
        if (result.Error == ErrorCode.None)
        {
            answer.BaseOffset = answer.ErrorCode == ErrorCode.None ? result.BaseOffset.Value : -1;
            answer.LogStartOffset = partition.Log.LogStartOffset.Value;
            return answer;
        }

        answer.ErrorCode = result.Error;
        answer.ErrorMessage = result.RecordErrors.Count > 0 ? result.ErrorMessage : null;
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
        if (topic is null && pending.Version >= 13)
            return ErrorCode.UnknownTopicId;
        if (topic is not null && topic.IsInternal && pending.Header.ClientId != AdminClientId)
            return ErrorCode.InvalidTopic;
        if (partition is null)
            return ErrorCode.UnknownTopicOrPartition;
        if (records.Length == 0)
            return ErrorCode.InvalidRecord;
        if (RecordBatch.TryRead(records.Bytes.Span, out var batch) != RecordBatchError.None)
            return ErrorCode.None;
        if (batch.IsTransactional)
        {
            return request.TransactionalId is null
                ? ErrorCode.TransactionalIdAuthorizationFailed
                : ErrorCode.InvalidTxnState;
        }

        return batch.Compression == CompressionType.Zstd && pending.Version < FirstVersionWithZstd
            ? ErrorCode.UnsupportedCompressionType
            : ErrorCode.None;
    }

    /// <summary>Where in the list each partition stands for the last time.</summary>
    private static Dictionary<int, int> LastOfEach(List<ProduceRequest.PartitionProduceData> data)
    {
        var last = new Dictionary<int, int>(data.Count);
        for (var i = 0; i < data.Count; i++)
            last[data[i].Index] = i;
        return last;
    }
}
