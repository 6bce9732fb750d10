using Millrace.Broker.Partitions;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// What a request acknowledges and releases, in however many partitions. 1. It is done once, when everything is on
/// stable storage or has failed and <see cref="WhenStored"/> was called.
/// </summary>
internal sealed class ShareAcknowledgements(
    SharedPartitions shared, TopicPartitions topics, string groupId, string memberId)
{
    private readonly List<AcknowledgeResult> _results = [];
    private readonly Countdown _stored = new();

    /// <summary>One for each partition that was acknowledged in, in the order of the request.</summary>
    public IReadOnlyList<AcknowledgeResult> Results => _results;

    public void Acknowledge(
        Uuid topicId, int partition, IReadOnlyList<AcknowledgementBatch> batches, bool mayRenew)
    {
        if (batches.Count == 0)
            return;
        var result = new AcknowledgeResult(topicId, partition);
        _results.Add(result);
        if (topics.Find(topicId) is not { } topic)
            result.Error = ErrorCode.UnknownTopicId;
        else if (TopicPartitions.Find(topic, partition) is null)
            result.Error = ErrorCode.UnknownTopicOrPartition;
        else if (!AcknowledgementBatch.AreValid(batches, mayRenew))
            result.Error = ErrorCode.InvalidRequest;
        else if (shared.Find(new SharePartitionKey(groupId, topicId, partition)) is not { } present)
            result.Error = ErrorCode.UnknownTopicOrPartition;
        else
            Acknowledge(present, batches, result);
    }

    /// <summary>The member gives back what it has in the partition.</summary>
    public void Release(ShareSessionPartition partition)
    {
        if (shared.Find(partition.KeyIn(groupId)) is not { } present)
            return;
        _stored.Await();
        present.Release(memberId, _ => _stored.Signal());
    }

    /// <summary>Everything was said: the action follows, from any thread.</summary>
    public void WhenStored(Action done) => _stored.Start(done);

    private void Acknowledge(
        SharedPartition partition, IReadOnlyList<AcknowledgementBatch> batches, AcknowledgeResult result)
    {
        _stored.Await();
        var error = partition.Acknowledge(memberId, batches, stored =>
        {
            result.Error = stored;
            _stored.Signal();
        });
        if (error == ErrorCode.None)
            return;
        (result.Error, result.Message) = (error, ShareErrors.Explain(error));
        _stored.Signal();
    }
}

/// <summary>What came of the acknowledgements in a partition.</summary>
internal sealed class AcknowledgeResult(Uuid topicId, int partition)
{
    public Uuid TopicId { get; } = topicId;

    public int Partition { get; } = partition;

    public ErrorCode Error { get; set; }

    public string? Message { get; set; }
}
