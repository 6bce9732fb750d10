using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// OffsetFetch (key 9), versions 1 to 10. A group or partition without an offset is no error: its offset is -1.
/// </summary>
/// <remarks>
/// <para>Null topics (from version 2) ask for all. Version 8 asks for several groups, 10 names topics by id. What is
/// answered is on stable storage. With require_stable (7) a partition for which an open transaction committed an offset
/// is UNSTABLE_OFFSET_COMMIT (KIP-447), if the partition was named or has a committed offset.</para>
/// </remarks>
internal sealed class OffsetFetchHandler(GroupCoordinators coordinators, TopicPartitions topics)
    : RequestHandler<OffsetFetchRequest>
{
    private const short FirstVersionWithGroups = 8;
    private const short FirstVersionWithIds = 10;

    protected override void Handle(PendingRequest pending, OffsetFetchRequest request)
    {
        var response = new OffsetFetchResponse();
        var delayed = new DelayedReply(pending, response);
        if (pending.Version >= FirstVersionWithGroups)
        {
            foreach (var group in request.Groups)
                response.Groups.Add(Fetch(group, pending.Version, request.RequireStable, delayed, response));
        }
        else
        {
            var found = Fetch(AsGroup(request), pending.Version, request.RequireStable, delayed, response);
            response.ErrorCode = found.ErrorCode;
            response.Topics = found.Topics.ConvertAll(AsOldTopic);
        }

        delayed.Seal();
    }

    private OffsetFetchResponse.Group Fetch(
        OffsetFetchRequest.Group group,
        short version,
        bool requireStable,
        DelayedReply delayed,
        OffsetFetchResponse response)
    {
        var hasIds = version >= FirstVersionWithIds;
        if (hasIds && group.Topics is not null)
        {
            foreach (var topic in group.Topics)
                topic.Name = topics.Find(topic.TopicId)?.Name ?? "";
        }

        var shard = coordinators.Find(group.GroupId);
        var found = shard?.Read(core => core.FetchOffsets(group, requireStable));
        if (found is null)
            return new() { GroupId = group.GroupId, ErrorCode = ErrorCode.NotCoordinator };
        shard!.AwaitFlush(delayed.Await(error => found.ErrorCode = response.ErrorCode = error));
        if (hasIds && found.ErrorCode == ErrorCode.None)
            NameByIds(group, found);
        return found;
    }

    /// <summary>The answer's topics stand in the order of the request's, if it named any.</summary>
    private void NameByIds(OffsetFetchRequest.Group asked, OffsetFetchResponse.Group found)
    {
        if (asked.Topics is null)
        {
            foreach (var topic in found.Topics)
                topic.TopicId = topics.Find(topic.Name)?.Id ?? topic.TopicId;
            return;
        }

        for (var i = 0; i < found.Topics.Count; i++)
        {
            found.Topics[i].TopicId = asked.Topics[i].TopicId;
            if (asked.Topics[i].Name.Length > 0)
                continue;
            foreach (var partition in found.Topics[i].Partitions)
                partition.ErrorCode = ErrorCode.UnknownTopicId;
        }
    }

    private static OffsetFetchRequest.Group AsGroup(OffsetFetchRequest request) => new()
    {
        GroupId = request.GroupId,
        Topics = request.Topics?.ConvertAll(topic => new OffsetFetchRequest.GroupTopic
        {
            Name = topic.Name,
            PartitionIndexes = topic.PartitionIndexes,
        }),
    };

    private static OffsetFetchResponse.Topic AsOldTopic(OffsetFetchResponse.GroupTopic topic) => new()
    {
        Name = topic.Name,
        Partitions = topic.Partitions.ConvertAll(partition => new OffsetFetchResponse.Partition
        {
            PartitionIndex = partition.PartitionIndex,
            CommittedOffset = partition.CommittedOffset,
            CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
            Metadata = partition.Metadata,
            ErrorCode = partition.ErrorCode,
        }),
    };
}
