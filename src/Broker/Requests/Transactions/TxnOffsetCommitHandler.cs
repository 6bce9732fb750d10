using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// TxnOffsetCommit (key 28), versions 0 to 6. Commits a group's offsets within a transaction: they count when it is
/// committed. Answered when they are on stable storage.
/// </summary>
/// <remarks>
/// <para>Before version 5 the group must be part of the transaction (AddOffsetsToTxn), from then on this makes it so.
/// Version 6 names topics by id. Partitions that do not exist are refused one by one.</para>
/// <para>The group's shard is called under the lock of the transaction's: the end of the transaction is decided before
/// or after the commit, and its marker follows both.</para>
/// </remarks>
internal sealed class TxnOffsetCommitHandler(
    TransactionVerifier verifier, GroupCoordinators groups, TopicPartitions topics)
    : RequestHandler<TxnOffsetCommitRequest>
{
    private const short FirstVersionWithAbortable = 4;
    private const short FirstVersionWithEpochs = 5;
    private const short FirstVersionWithIds = 6;

    protected override void Handle(PendingRequest pending, TxnOffsetCommitRequest request)
    {
        var response = GroupReplies.For(request);
        for (var i = 0; i < request.Topics.Count; i++)
            Check(pending.Version, request.Topics[i], response.Topics[i]);
        var isAnyLeft = response.Topics.SelectMany(topic => topic.Partitions)
            .Any(partition => partition.ErrorCode == ErrorCode.None);
        var error = request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.None;
        if (!isAnyLeft || error != ErrorCode.None || groups.PartitionOf(request.GroupId) is not { } partition)
        {
            GroupErrors.FailPartitions(
                response, error == ErrorCode.None ? ErrorCode.CoordinatorNotAvailable : error);
            pending.Reply(response);
            return;
        }

        var asker = new TransactionalProducer(request.TransactionalId, request.ProducerId, request.ProducerEpoch);
        var offsets = new TopicPartition(groups.Topic, partition);
        verifier.Verify(
            pending.Loop, asker, [offsets], pending.Version >= FirstVersionWithEpochs,
            errors => Commit(pending, request, response, ErrorFor(errors(offsets), pending.Version)));
    }

    /// <summary>Under the lock of the transaction's shard: nothing is answered here.</summary>
    private void Commit(
        PendingRequest pending, TxnOffsetCommitRequest request, TxnOffsetCommitResponse response, ErrorCode error)
    {
        var reply = new CoordinatorRequest(_ => pending.Loop.Post(() => pending.Reply(response)));
        if (error == ErrorCode.None)
        {
            var isServed = groups.Find(request.GroupId)?.RunLocked(
                (core, now, effects) => core.CommitOffsets(request, response, reply, now, effects));
            if (isServed == true)
                return;
            error = ErrorCode.NotCoordinator;
        }

        GroupErrors.FailPartitions(response, error);
        reply.Answer(response);
    }

    /// <summary>Finds the topic's name or id, and marks the partitions that do not exist.</summary>
    private void Check(short version, TxnOffsetCommitRequest.Topic topic, TxnOffsetCommitResponse.Topic answer)
    {
        var hosted = version >= FirstVersionWithIds ? topics.Find(topic.TopicId) : topics.Find(topic.Name);
        if (hosted is not null)
            (topic.Name, topic.TopicId) = (hosted.Name, hosted.Id);
        foreach (var partition in answer.Partitions)
        {
            if (hosted is null && version >= FirstVersionWithIds)
                partition.ErrorCode = ErrorCode.UnknownTopicId;
            else if (TopicPartitions.Find(hosted, partition.PartitionIndex) is null)
                partition.ErrorCode = ErrorCode.UnknownTopicOrPartition;
        }
    }

    private static ErrorCode ErrorFor(ErrorCode error, short version) => error switch
    {
        ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
        ErrorCode.TransactionAbortable when version < FirstVersionWithAbortable => ErrorCode.InvalidTxnState,
        ErrorCode.ConcurrentTransactions => ErrorCode.CoordinatorLoadInProgress,
        _ => error,
    };
}
