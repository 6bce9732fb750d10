using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// OffsetCommit (key 8), versions 2 to 10. Answered when the offsets are on stable storage. Version 10 names topics by
/// id. Partitions that do not exist are refused one by one.
/// </summary>
internal sealed class OffsetCommitHandler(GroupCoordinators coordinators, TopicPartitions topics)
    : RequestHandler<OffsetCommitRequest>
{
    private const short FirstVersionWithIds = 10;

    protected override void Handle(PendingRequest pending, OffsetCommitRequest request)
    {
        var response = GroupReplies.For(request);
        for (var i = 0; i < request.Topics.Count; i++)
            Check(pending.Version, request.Topics[i], response.Topics[i]);
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.CommitOffsets(request, response, group.Context, group, now, effects));
        if (isServed == true)
            return;
        GroupErrors.FailPartitions(response, ErrorCode.NotCoordinator);
        pending.Reply(response);
    }

    /// <summary>Finds the topic's name or id, and marks the partitions that do not exist.</summary>
    private void Check(short version, OffsetCommitRequest.Topic topic, OffsetCommitResponse.Topic answer)
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
}
