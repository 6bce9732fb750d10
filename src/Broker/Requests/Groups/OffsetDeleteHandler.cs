using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// OffsetDelete (key 47), version 0. Deletes committed offsets of topics that no member of the group subscribes to;
/// answered when that is on stable storage.
/// </summary>
internal sealed class OffsetDeleteHandler(GroupCoordinators coordinators, TopicPartitions topics)
    : RequestHandler<OffsetDeleteRequest>
{
    protected override void Handle(PendingRequest pending, OffsetDeleteRequest request)
    {
        var response = new OffsetDeleteResponse();
        var known = new List<OffsetDeleteResponse.Partition>();
        var partitions = new List<TopicPartition>();
        foreach (var topic in request.Topics)
        {
            var answer = new OffsetDeleteResponse.Topic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                var place = new OffsetDeleteResponse.Partition { PartitionIndex = partition.PartitionIndex };
                answer.Partitions.Add(place);
                if (TopicPartitions.Find(topics.Find(topic.Name), partition.PartitionIndex) is null)
                {
                    place.ErrorCode = ErrorCode.UnknownTopicOrPartition;
                    continue;
                }

                known.Add(place);
                partitions.Add(new TopicPartition(topic.Name, partition.PartitionIndex));
            }

            response.Topics.Add(answer);
        }

        var errors = new ErrorCode[partitions.Count];
        var shard = coordinators.Find(request.GroupId);
        var isServed = shard?.Run((core, _, effects) =>
            response.ErrorCode = core.DeleteOffsets(request.GroupId, partitions, errors, effects)) == true;
        if (!isServed)
            response.ErrorCode = ErrorCode.NotCoordinator;
        for (var i = 0; i < errors.Length; i++)
            known[i].ErrorCode = errors[i];
        if (response.ErrorCode != ErrorCode.None)
            response.Topics = [];
        var delayed = new DelayedReply(pending, response);
        if (isServed && response.ErrorCode == ErrorCode.None)
            shard!.AwaitFlush(delayed.Await(error => response.ErrorCode = CoordinatorErrors.For(error)));
        delayed.Seal();
    }
}
