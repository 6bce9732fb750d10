using System.Text;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// What groups know of where they are.
internal sealed partial class GroupCoordinator
{
    private const short FirstWithGroupIdNotFound = 9;

    /// <summary>
    /// Commits offsets. <paramref name="response"/> has a place for each partition of the request, as
    /// <see cref="GroupReplies.For"/> makes it; those that the shell gave an error are passed over. Topics have names,
    /// and ids where they are known.
    /// </summary>
    public void CommitOffsets(
        OffsetCommitRequest request,
        OffsetCommitResponse response,
        in RequestContext context,
        PendingReply reply,
        Instant now,
        Effects effects)
    {
        var error = ValidateCommit(request, context.ApiVersion, now);
        var before = effects.RecordCount;
        var bytesBefore = effects.RecordBytes;
        if (error == ErrorCode.None)
            for (var i = 0; i < request.Topics.Count; i++)
                for (var j = 0; j < request.Topics[i].Partitions.Count; j++)
                    Commit(request.GroupId, request.Topics[i], j, response.Topics[i].Partitions[j], now, effects);
        if (effects.RecordBytes - bytesBefore > settings.MaxBatchBytes)
        {
            effects.DropRecords(before);
            error = ErrorCode.InvalidCommitOffsetSize;
        }

        if (error != ErrorCode.None)
            GroupErrors.FailPartitions(response, error);
        effects.Reply(reply, response, afterCommit: effects.RecordCount > before);
    }

    /// <summary>
    /// The offsets of one group, of all its topics where the request names none. Topics are found by name; where all
    /// are asked for, the answer has the ids that commits came with.
    /// </summary>
    public OffsetFetchResponse.Group FetchOffsets(OffsetFetchRequest.Group request)
    {
        var response = new OffsetFetchResponse.Group { GroupId = request.GroupId };
        if (request.Topics is null)
            foreach (var (topic, partitions) in _offsets.Of(request.GroupId))
                response.Topics.Add(new OffsetFetchResponse.GroupTopic
                {
                    Name = topic,
                    TopicId = partitions.First().Value.TopicId,
                    Partitions = [.. partitions.Select(partition => Fetched(partition.Key, partition.Value))],
                });
        else
            foreach (var topic in request.Topics)
                response.Topics.Add(new OffsetFetchResponse.GroupTopic
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                    Partitions = [.. topic.PartitionIndexes.Select(partition => Fetched(partition,
                        _offsets.TryGet(request.GroupId, topic.Name, partition, out var offset) ? offset : null))],
                });
        return response;
    }

    /// <summary>
    /// Deletes offsets of an empty group, or of a consumer group's topics that nobody subscribes to. The result is the
    /// request's error; without one each partition has its own in <paramref name="errors"/>.
    /// </summary>
    public ErrorCode DeleteOffsets(
        string groupId, IReadOnlyList<TopicPartition> partitions, Span<ErrorCode> errors, Effects effects)
    {
        if (groupId.Length == 0)
            return ErrorCode.InvalidGroupId;
        if (!_groups.TryGetValue(groupId, out var group))
            return ErrorCode.GroupIdNotFound;
        if (group.State != GroupState.Empty && group.ProtocolType != ConsumerProtocol.Type)
            return ErrorCode.NonEmptyGroup;
        var subscribed = group.State == GroupState.Empty ? [] : ConsumerProtocol.SubscribedTopics(group);
        if (subscribed is null)
            return ErrorCode.NonEmptyGroup;
        for (var i = 0; i < partitions.Count; i++)
        {
            var (topic, partition) = partitions[i];
            errors[i] = subscribed.Contains(topic) ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None;
            if (errors[i] == ErrorCode.None && _offsets.TryGet(groupId, topic, partition, out _))
                GroupRecords.DeleteOffset(effects, groupId, topic, partition);
        }

        return ErrorCode.None;
    }

    /// <summary>
    /// Without a generation anybody commits to a group that has no members; else one must be a member of the current
    /// generation, which must have its assignment or be on its way to the next.
    /// </summary>
    private ErrorCode ValidateCommit(OffsetCommitRequest request, short version, Instant now)
    {
        var generation = request.GenerationIdOrMemberEpoch;
        if (!_groups.TryGetValue(request.GroupId, out var group))
        {
            if (generation < 0)
                return ErrorCode.None;
            return version >= FirstWithGroupIdNotFound ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
        }

        if (generation < 0 && group.State == GroupState.Empty)
            return ErrorCode.None;
        var error = group.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
            return error;
        if (generation != group.Generation)
            return ErrorCode.IllegalGeneration;
        if (group.State == GroupState.CompletingRebalance)
            return ErrorCode.RebalanceInProgress;
        RenewSession(group, group.Find(request.MemberId)!, now);
        return ErrorCode.None;
    }

    private void Commit(
        string groupId,
        OffsetCommitRequest.Topic topic,
        int index,
        OffsetCommitResponse.Partition response,
        Instant now,
        Effects effects)
    {
        if (response.ErrorCode != ErrorCode.None)
            return;
        var partition = topic.Partitions[index];
        var metadata = partition.CommittedMetadata ?? "";
        if (Encoding.UTF8.GetByteCount(metadata) > settings.MaxOffsetMetadataBytes)
        {
            response.ErrorCode = ErrorCode.OffsetMetadataTooLarge;
            return;
        }

        var key = new OffsetCommitKey { Group = groupId, Topic = topic.Name, Partition = partition.PartitionIndex };
        GroupRecords.Commit(effects, key, new OffsetCommitValue
        {
            Offset = partition.CommittedOffset,
            LeaderEpoch = partition.CommittedLeaderEpoch,
            Metadata = metadata,
            CommitTimestamp = now.Milliseconds,
            TopicId = topic.TopicId,
        });
    }

    private static OffsetFetchResponse.GroupPartition Fetched(int partition, CommittedOffset? offset) => new()
    {
        PartitionIndex = partition,
        CommittedOffset = offset?.Offset ?? -1,
        CommittedLeaderEpoch = offset?.LeaderEpoch ?? -1,
        Metadata = offset?.Metadata ?? "",
    };
}
