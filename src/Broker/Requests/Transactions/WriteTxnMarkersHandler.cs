using Millrace.Broker.Coordinators;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// WriteTxnMarkers (key 27), versions 1 and 2. Ends a producer's transaction in partitions, whatever its coordinator
/// says: the way to end one that hangs. Answered when the markers are on stable storage.
/// </summary>
/// <remarks>
/// <para>Version 2 tells the transaction.version: from 2 on the epoch must be above that of an open transaction. A
/// marker without a partition has no result.</para>
/// </remarks>
internal sealed class WriteTxnMarkersHandler(MarkerWriter markers) : RequestHandler<WriteTxnMarkersRequest>
{
    private const sbyte FirstTransactionVersionWithEpochs = 2;

    protected override void Handle(PendingRequest pending, WriteTxnMarkersRequest request)
    {
        var response = new WriteTxnMarkersResponse();
        var open = 1;
        foreach (var wanted in request.Markers)
        {
            var result = new WriteTxnMarkersResponse.WritableTxnMarkerResult { ProducerId = wanted.ProducerId };
            foreach (var topic in wanted.Topics)
            {
                var topicResult = new WriteTxnMarkersResponse.WritableTxnMarkerTopicResult { Name = topic.Name };
                result.Topics.Add(topicResult);
                foreach (var index in topic.PartitionIndexes)
                {
                    var partition = new WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult
                    {
                        PartitionIndex = index,
                    };
                    topicResult.Partitions.Add(partition);
                    Interlocked.Increment(ref open);
                    Write(wanted, new TopicPartition(topic.Name, index), error =>
                    {
                        partition.ErrorCode = error;
                        Release();
                    });
                }
            }

            if (result.Topics.Count > 0)
                response.Markers.Add(result);
        }

        Release();

        void Release()
        {
            if (Interlocked.Decrement(ref open) == 0)
                pending.Loop.Post(() => pending.Reply(response)); // a lock may be held here
        }
    }

    private void Write(
        WriteTxnMarkersRequest.WritableTxnMarker wanted, TopicPartition partition, Action<ErrorCode> written) =>
        markers.Write(
            partition,
            new ProducerIdAndEpoch(wanted.ProducerId, wanted.ProducerEpoch),
            new TransactionMarker(wanted.TransactionResult, wanted.CoordinatorEpoch),
            wanted.TransactionVersion >= FirstTransactionVersionWithEpochs,
            written);
}
