using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Partitions;

/// <content>Transactions as one partition knows them.</content>
internal sealed partial class Partition
{
    /// <summary>Whether the producer has begun a transaction here that no marker has ended.</summary>
    public bool HasOpenTransaction(ProducerIdAndEpoch producer)
    {
        lock (_lock)
            return Log.Producers.HasOpenTransaction(producer.Id, producer.Epoch);
    }

    /// <summary>The coordinator epoch of the producer's last marker here; -1 if there is none.</summary>
    public int CoordinatorEpochOf(long producerId)
    {
        lock (_lock)
            return Log.Producers.CoordinatorEpochOf(producerId);
    }

    /// <summary>
    /// Ends the producer's transaction here, if there is one. The listener hears when the marker is on stable storage,
    /// unless the append fails.
    /// </summary>
    /// <param name="producer">With the epoch that fences what is late.</param>
    /// <param name="marker">Commit or abort.</param>
    /// <param name="raisesEpoch">The epoch must be above that of an open transaction (KIP-890).</param>
    /// <param name="now">The marker's timestamp.</param>
    /// <param name="durable">Who waits.</param>
    public ErrorCode AppendMarker(
        ProducerIdAndEpoch producer, TransactionMarker marker, bool raisesEpoch, Instant now, IFlushListener durable) =>
        raisesEpoch && HasOpenTransaction(producer)
            ? ErrorCode.InvalidProducerEpoch
            : Append(marker.Encode(producer, now), AppendOrigin.Coordinator, now, durable).Error;

    /// <summary>The producers that wrote here and are remembered, by id.</summary>
    public List<DescribeProducersResponse.ProducerState> DescribeProducers()
    {
        lock (_lock)
        {
            return [.. Log.Producers.All.Select(producer => new DescribeProducersResponse.ProducerState
            {
                ProducerId = producer.Key,
                ProducerEpoch = producer.Value.Epoch,
                LastSequence = producer.Value.BatchCount == 0 ? -1 : producer.Value.LastBatch.LastSequence,
                LastTimestamp = producer.Value.LastRecordTimestamp ?? producer.Value.LastTimestamp,
                CoordinatorEpoch = producer.Value.CoordinatorEpoch,
                CurrentTxnStartOffset = producer.Value.CurrentTransactionFirstOffset,
            })];
        }
    }
}
