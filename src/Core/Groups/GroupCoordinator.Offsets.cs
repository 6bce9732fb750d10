using System.Text;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Groups.Streams;
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
    /// <see cref="GroupReplies.For(OffsetCommitRequest)"/> makes it; those that the shell gave an error are passed
    /// over. Topics have names, and ids where they are known.
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
        if (effects.RecordBytes - bytesBefore > _settings.MaxBatchBytes)
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
    /// are asked for, the answer has the ids that commits came with. With <paramref name="requireStable"/> a partition
    /// for which an offset is pending has none.
    /// </summary>
    public OffsetFetchResponse.Group FetchOffsets(OffsetFetchRequest.Group request, bool requireStable = false)
    {
        var group = request.GroupId;
        var response = new OffsetFetchResponse.Group { GroupId = group, ErrorCode = ValidateFetch(request) };
        if (response.ErrorCode != ErrorCode.None)
            return response;
        if (request.Topics is null)
            foreach (var (topic, partitions) in _offsets.Of(group))
                response.Topics.Add(new OffsetFetchResponse.GroupTopic
                {
                    Name = topic,
                    TopicId = partitions.First().Value.TopicId,
                    Partitions = [.. partitions.Select(
                        partition => Fetch(new OffsetKey(group, topic, partition.Key), requireStable))],
                });
        else
            foreach (var topic in request.Topics)
                response.Topics.Add(new OffsetFetchResponse.GroupTopic
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                    Partitions = [.. topic.PartitionIndexes.Select(
                        partition => Fetch(new OffsetKey(group, topic.Name, partition), requireStable))],
                });
        return response;
    }

    /// <summary>
    /// Deletes offsets of an empty group, or of topics that nobody in a consumer or streams group reads. The result is
    /// the request's error; without one each partition has its own in <paramref name="errors"/>.
    /// </summary>
    public ErrorCode DeleteOffsets(
        string groupId, IReadOnlyList<TopicPartition> partitions, Span<ErrorCode> errors, Effects effects)
    {
        if (groupId.Length == 0)
            return ErrorCode.InvalidGroupId;
        if (_table.Find(groupId) is ConsumerGroup or StreamsGroup)
        {
            for (var i = 0; i < partitions.Count; i++)
            {
                errors[i] = IsSubscribed(_table.Find(groupId)!, partitions[i].Topic)
                    ? ErrorCode.GroupSubscribedToTopic
                    : ErrorCode.None;
                if (errors[i] == ErrorCode.None)
                    DeleteOffset(new OffsetKey(groupId, partitions[i].Topic, partitions[i].Partition), effects);
            }

            return ErrorCode.None;
        }

        if (_table.Find<ClassicGroup>(groupId) is not { } group)
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
            if (errors[i] == ErrorCode.None)
                DeleteOffset(new OffsetKey(groupId, topic, partition), effects);
        }

        return ErrorCode.None;
    }

    /// <summary>Whether a member of a group that is not classic reads the topic.</summary>
    private static bool IsSubscribed(Group group, string topic) => group switch
    {
        ConsumerGroup consumer => consumer.IsSubscribedTo(topic),
        StreamsGroup streams => streams.IsSubscribedTo(topic),
        _ => false,
    };

    private void DeleteOffset(in OffsetKey key, Effects effects)
    {
        if (_offsets.TryGet(key, out _) || _pending.Has(key))
            GroupRecords.DeleteOffset(effects, key);
    }

    /// <summary>
    /// Without a generation anybody commits to a group that has no members; else one must be a member of the current
    /// generation, which must have its assignment or be on its way to the next.
    /// </summary>
    private ErrorCode ValidateCommit(OffsetCommitRequest request, short version, Instant now)
    {
        var generation = request.GenerationIdOrMemberEpoch;
        if (_table.Find<ConsumerGroup>(request.GroupId) is { } consumer)
            return consumer.ValidateCommit(request.MemberId, generation, version, PartitionsOf(request));
        if (IsShareGroup(request.GroupId)) // such have no committed offsets
            return generation < 0 || version >= FirstWithGroupIdNotFound
                ? ErrorCode.GroupIdNotFound
                : ErrorCode.IllegalGeneration;
        if (_table.Find<StreamsGroup>(request.GroupId) is { } streams)
            return streams.ValidateCommit(request.MemberId, generation, version, request.Topics.SelectMany(
                topic => topic.Partitions.Select(
                    partition => new TopicPartition(topic.Name, partition.PartitionIndex))));
        if (_table.Find<ClassicGroup>(request.GroupId) is not { } group)
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

    private static IEnumerable<TopicIdPartition> PartitionsOf(OffsetCommitRequest request) =>
        request.Topics.SelectMany(topic => topic.Partitions.Select(
            partition => new TopicIdPartition(topic.TopicId, partition.PartitionIndex)));

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
        response.ErrorCode = StoreOffset(
            effects,
            new OffsetKey(groupId, topic.Name, partition.PartitionIndex),
            new CommittedOffset(
                partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata ?? "", now,
                Instant.Never, topic.TopicId));
    }

    private ErrorCode StoreOffset(Effects effects, in OffsetKey key, in CommittedOffset offset)
    {
        if (Encoding.UTF8.GetByteCount(offset.Metadata) > _settings.MaxOffsetMetadataBytes)
            return ErrorCode.OffsetMetadataTooLarge;
        var record = new OffsetCommitKey { Group = key.Group, Topic = key.Topic, Partition = key.Partition };
        GroupRecords.Commit(effects, record, new OffsetCommitValue
        {
            Offset = offset.Offset,
            LeaderEpoch = offset.LeaderEpoch,
            Metadata = offset.Metadata,
            CommitTimestamp = offset.CommittedAt.Milliseconds,
            TopicId = offset.TopicId,
        });
        return ErrorCode.None;
    }

    private OffsetFetchResponse.GroupPartition Fetch(in OffsetKey key, bool requireStable)
    {
        var isUnstable = requireStable && _pending.Has(key);
        CommittedOffset? offset = !isUnstable && _offsets.TryGet(key, out var committed) ? committed : null;
        return new()
        {
            PartitionIndex = key.Partition,
            CommittedOffset = offset?.Offset ?? -1,
            CommittedLeaderEpoch = offset?.LeaderEpoch ?? -1,
            Metadata = offset?.Metadata ?? "",
            ErrorCode = isUnstable ? ErrorCode.UnstableOffsetCommit : ErrorCode.None,
        };
    }

    /// <summary>A member that names itself must be one; only groups that are not classic look at that.</summary>
    private ErrorCode ValidateFetch(OffsetFetchRequest.Group request) => _table.Find(request.GroupId) switch
    {
        ConsumerGroup consumer => consumer.ValidateFetch(request.MemberId, request.MemberEpoch),
        StreamsGroup streams => streams.ValidateFetch(request.MemberId, request.MemberEpoch),
        _ => ErrorCode.None,
    };
}
