using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Transactions;

/// <summary>Turns answers into refusals.</summary>
internal static class TransactionErrors
{
    /// <summary>Makes a response say that the request failed.</summary>
    public static void Fail(IMessage response, ErrorCode error)
    {
        switch (response)
        {
            case InitProducerIdResponse init:
                (init.ErrorCode, init.ProducerId, init.ProducerEpoch) = (error, -1, -1);
                break;
            case AddOffsetsToTxnResponse offsets:
                offsets.ErrorCode = error;
                break;
            case EndTxnResponse end:
                (end.ErrorCode, end.ProducerId, end.ProducerEpoch) = (error, -1, -1);
                break;
            case AddPartitionsToTxnResponse partitions:
                foreach (var topic in partitions.ResultsByTopicV3AndBelow
                    .Concat(partitions.ResultsByTransaction.SelectMany(result => result.TopicResults)))
                    foreach (var partition in topic.ResultsByPartition)
                        partition.PartitionErrorCode = error;
                break;
            default:
                throw new ArgumentException($"{response.GetType().Name} is no answer of a transaction coordinator.");
        }
    }
}
