using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Groups.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// DeleteShareGroupOffsets (key 92), version 0 (KIP-932). A share group that nobody is in forgets topics: it begins
/// with them as if it had never been there. Answered when that is on stable storage.
/// </summary>
internal sealed class DeleteShareGroupOffsetsHandler(
    GroupCoordinators groups, TopicPartitions topics, ShareGroupStates states)
    : RequestHandler<DeleteShareGroupOffsetsRequest>
{
    protected override void Handle(PendingRequest pending, DeleteShareGroupOffsetsRequest request)
    {
        var known = groups.Find(request.GroupId)?.Read(core => core.ShareGroups.TopicsOf(request.GroupId))
            ?? SharedTopics.None;
        var response = new DeleteShareGroupOffsetsResponse();
        var deleted = new HashSet<Uuid>();
        foreach (var topic in request.Topics)
        {
            var id = topics.Find(topic.TopicName)?.Id ?? Uuid.Zero;
            var isKnown = known.Initialized.ContainsKey(id) || known.Initializing.ContainsKey(id)
                || known.Deleting.ContainsKey(id);
            response.Responses.Add(new()
            {
                TopicName = topic.TopicName,
                TopicId = isKnown ? id : Uuid.Zero,
                ErrorCode = isKnown ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition,
                ErrorMessage = isKnown ? null : "The group has no offsets of this topic.",
            });
            if (isKnown)
                deleted.Add(id);
        }

        states.Delete(request.GroupId, deleted, error => pending.Reply(error == ErrorCode.None ? response : new()
        {
            ErrorCode = error,
            ErrorMessage = "The offsets of this group can't be deleted.",
        }));
    }
}
