using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;

namespace Millrace.Broker.Coordinators;

/// <summary>
/// Writes the markers that end transactions into the partitions, again and again until they are on stable storage.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. A transaction is reported as ended when every marker is on stable storage, or its
/// partition does not exist any more, or knows the producer with a higher epoch, which has ended the transaction. 2.
/// The report comes on the loop, with no lock held. 3. A marker for a group's offsets goes through the shard that keeps
/// the group. 4. There is no other coordinator: where an operator has ended a transaction of the producer with a higher
/// coordinator epoch, the markers carry that one.</para>
/// </remarks>
internal sealed class MarkerWriter(TopicPartitions topics, GroupCoordinators groups, ILoop loop)
{
    private const int RetryMs = 100;

    /// <summary>The metadata, which knows topics before and after they can be found.</summary>
    public Func<ClusterImage> Image { get; set; } = () => ClusterImage.Empty;

    /// <summary>Writes the markers of one transaction, and calls back once when all are done.</summary>
    public void WriteAll(TransactionMarkers markers, int coordinatorEpoch, Action done)
    {
        var open = markers.Partitions.Count;
        if (open == 0)
            loop.Post(done);
        foreach (var partition in markers.Partitions)
            Begin(partition);

        void Begin(TopicPartition partition) =>
            Write(
                partition, markers.Producer, MarkerFor(partition), false,
                error => loop.Post(() => Ended(partition, error)));

        TransactionMarker MarkerFor(TopicPartition id)
        {
            var known = topics.Find(id.Topic, id.Partition)?.CoordinatorEpochOf(markers.Producer.Id) ?? -1;
            return new TransactionMarker(markers.IsCommit, Math.Max(coordinatorEpoch, known));
        }

        void Ended(TopicPartition partition, ErrorCode error)
        {
            if (IsFinal(partition, error))
            {
                if (--open == 0)
                    done();
            }
            else
            {
                loop.Schedule(loop.Steady + RetryMs, () => Begin(partition));
            }
        }
    }

    /// <summary>Writes one marker; the result comes once, from any thread, and perhaps with locks held.</summary>
    public void Write(
        TopicPartition id, ProducerIdAndEpoch producer, TransactionMarker marker, bool raisesEpoch,
        Action<ErrorCode> written)
    {
        var listener = new Written(written);
        var error = topics.Find(id.Topic, id.Partition) is not { } partition ? ErrorCode.UnknownTopicOrPartition
            : id.Topic == groups.Topic && id.Partition < groups.Shards.Count
            ? groups.Shards[id.Partition].EndTransaction(producer, marker, raisesEpoch, listener)
            : partition.AppendMarker(producer, marker, raisesEpoch, loop.Now, listener);
        if (error != ErrorCode.None)
            written(error);
    }

    /// <summary>A topic that the metadata knows may not be open yet: it is not gone.</summary>
    private bool IsFinal(TopicPartition partition, ErrorCode error) => error switch
    {
        ErrorCode.None or ErrorCode.InvalidProducerEpoch => true,
        ErrorCode.UnknownTopicOrPartition => Image().Find(partition.Topic) is null,
        _ => false,
    };

    private sealed class Written(Action<ErrorCode> written) : IFlushListener
    {
        public void OnFlushed(ErrorCode error) => written(error);
    }
}
