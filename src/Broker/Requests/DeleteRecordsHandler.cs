using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// DeleteRecords (key 21), versions 0 to 2. Moves the log's start to an offset up to the high watermark, which -1
/// stands for.
/// </summary>
/// <remarks>
/// <para>Answered when the new start is on stable storage: unlike in Kafka no crash brings the records back. A
/// partition that is named twice is answered once, by its last offset. Topics that are only compacted are refused
/// with POLICY_VIOLATION, internal ones with INVALID_TOPIC_EXCEPTION.</para>
/// </remarks>
internal sealed class DeleteRecordsHandler(TopicPartitions topics, CheckpointTask checkpoints)
    : RequestHandler<DeleteRecordsRequest>
{
    protected override void Handle(PendingRequest pending, DeleteRecordsRequest request)
    {
        var response = new DeleteRecordsResponse();
        foreach (var topic in request.Topics)
        {
            var answer = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Name };
            response.Topics.Add(answer);
            foreach (var asked in topic.Partitions.GroupBy(partition => partition.PartitionIndex))
                answer.Partitions.Add(Delete(topic.Name, asked.Last()));
        }

        checkpoints.Save(failure =>
        {
            if (failure is not null)
                Refuse(response);
            pending.Reply(response);
        });
    }

    private DeleteRecordsResponse.DeleteRecordsPartitionResult Delete(
        string topic, DeleteRecordsRequest.DeleteRecordsPartition asked)
    {
        var partition = topics.Find(topic, asked.PartitionIndex);
        var error = TopicName.IsInternal(topic) ? ErrorCode.InvalidTopic
            : partition is null ? ErrorCode.UnknownTopicOrPartition
            : partition.Log.Settings is { Compact: true, Delete: false } ? ErrorCode.PolicyViolation
            : partition.DeleteRecords(new Offset(asked.Offset));
        return new()
        {
            PartitionIndex = asked.PartitionIndex,
            LowWatermark = error == ErrorCode.None ? partition!.Log.LogStartOffset.Value : -1,
            ErrorCode = error,
        };
    }

    private static void Refuse(DeleteRecordsResponse response)
    {
        foreach (var partition in response.Topics.SelectMany(topic => topic.Partitions))
        {
            if (partition.ErrorCode == ErrorCode.None)
                (partition.ErrorCode, partition.LowWatermark) = (ErrorCode.KafkaStorageError, -1);
        }
    }
}
