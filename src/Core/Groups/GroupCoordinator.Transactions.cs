using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Groups.Streams;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// Offsets that are committed within transactions.
internal sealed partial class GroupCoordinator
{
    /// <summary>
    /// Commits offsets that count when the producer's transaction is committed, which this partition of
    /// __consumer_offsets is part of. The response has a place for each partition, as for a commit without a
    /// transaction.
    /// </summary>
    public void CommitOffsets(
        TxnOffsetCommitRequest request, TxnOffsetCommitResponse response, PendingReply reply, Instant now,
        Effects effects)
    {
        var error = ValidateCommit(request);
        if (error == ErrorCode.None)
        {
            effects.TransactionOf = new ProducerIdAndEpoch(request.ProducerId, request.ProducerEpoch);
            for (var i = 0; i < request.Topics.Count; i++)
                for (var j = 0; j < request.Topics[i].Partitions.Count; j++)
                    Commit(request, i, j, response.Topics[i].Partitions[j], now, effects);
        }

        if (effects.RecordBytes > _settings.MaxBatchBytes)
        {
            effects.DropRecords(0);
            error = ErrorCode.InvalidCommitOffsetSize;
        }

        if (error != ErrorCode.None)
            GroupErrors.FailPartitions(response, error);
        effects.Reply(reply, response, afterCommit: effects.RecordCount > 0);
    }

    /// <summary>
    /// Anybody who says nothing of a member may commit, as old versions can't say more; whoever does must be one of the
    /// current generation (KIP-447).
    /// </summary>
    private ErrorCode ValidateCommit(TxnOffsetCommitRequest request)
    {
        var generation = request.GenerationIdOrMemberEpoch;
        var isAnonymous = generation < 0 && request.MemberId.Length == 0 && request.GroupInstanceId is null;
        switch (_table.Find(request.GroupId))
        {
            case null:
                return generation < 0 ? ErrorCode.None : ErrorCode.IllegalGeneration;
            case { Type: GroupType.Share }:
                return ErrorCode.IllegalGeneration;
            case { IsEmpty: true } when generation < 0:
            case not null when isAnonymous:
                return ErrorCode.None;
            case ClassicGroup classic:
                var known = classic.Validate(request.MemberId, request.GroupInstanceId);
                return known != ErrorCode.None ? known
                    : generation != classic.Generation ? ErrorCode.IllegalGeneration
                    : ErrorCode.None;
            case ConsumerGroup consumer:
                var partitions = request.Topics.SelectMany(topic => topic.Partitions.Select(
                    partition => new TopicIdPartition(topic.TopicId, partition.PartitionIndex)));
                return AsGeneration(consumer.ValidateCommit(request.MemberId, generation, short.MaxValue, partitions));
            case StreamsGroup streams:
                return AsGeneration(streams.ValidateCommit(
                    request.MemberId, generation, short.MaxValue, request.Topics.SelectMany(
                        topic => topic.Partitions.Select(
                            partition => new TopicPartition(topic.Name, partition.PartitionIndex)))));
            default:
                return ErrorCode.UnknownMemberId;
        }
    }

    private static ErrorCode AsGeneration(ErrorCode error) =>
        error == ErrorCode.StaleMemberEpoch ? ErrorCode.IllegalGeneration : error;

    private void Commit(
        TxnOffsetCommitRequest request, int topicIndex, int index, TxnOffsetCommitResponse.Partition response,
        Instant now, Effects effects)
    {
        var topic = request.Topics[topicIndex];
        var partition = topic.Partitions[index];
        if (response.ErrorCode == ErrorCode.None)
            response.ErrorCode = StoreOffset(
                effects,
                new OffsetKey(request.GroupId, topic.Name, partition.PartitionIndex),
                new CommittedOffset(
                    partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata ?? "", now,
                    Instant.Never, topic.TopicId));
    }
}
