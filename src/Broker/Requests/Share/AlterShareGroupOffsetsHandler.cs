using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Groups.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// AlterShareGroupOffsets (key 91), version 0 (KIP-932). Begins a share group anew at offsets, any ones; nobody may be
/// in it, and one that is not there is made. Answered when all is on stable storage.
/// </summary>
internal sealed class AlterShareGroupOffsetsHandler(TopicPartitions topics, ShareGroupStates states)
    : RequestHandler<AlterShareGroupOffsetsRequest>
{
    protected override void Handle(PendingRequest pending, AlterShareGroupOffsetsRequest request)
    {
        var response = new AlterShareGroupOffsetsResponse();
        var offsets = new List<(SharedTopic Topic, int Partition, long Offset)>();
        var places = new List<AlterShareGroupOffsetsResponse.Partition>();
        foreach (var topic in request.Topics)
        {
            var hosted = topics.Find(topic.TopicName);
            var answer = new AlterShareGroupOffsetsResponse.Topic
            {
                TopicName = topic.TopicName,
                TopicId = hosted?.Id ?? default,
            };
            response.Responses.Add(answer);
            foreach (var partition in topic.Partitions)
            {
                var place = new AlterShareGroupOffsetsResponse.Partition
                {
                    PartitionIndex = partition.PartitionIndex,
                };
                answer.Partitions.Add(place);
                if (TopicPartitions.Find(hosted, partition.PartitionIndex) is null)
                {
                    place.ErrorCode = ErrorCode.UnknownTopicOrPartition;
                    place.ErrorMessage = "There is no such partition.";
                    continue;
                }

                places.Add(place);
                offsets.Add((
                    new SharedTopic(hosted!.Id, hosted.Name, [partition.PartitionIndex]), partition.PartitionIndex,
                    partition.StartOffset));
            }
        }

        Alter(request.GroupId, offsets, (error, errors) =>
        {
            for (var i = 0; i < errors.Length; i++)
                places[i].ErrorCode = errors[i];
            pending.Reply(error == ErrorCode.None ? response : Refused(error));
        });
    }

    private void Alter(
        string groupId, List<(SharedTopic Topic, int Partition, long Offset)> offsets,
        Action<ErrorCode, ErrorCode[]> answer)
    {
        var stateEpoch = 0;
        states.Decide(
            groupId,
            (core, effects) =>
            {
                var error = core.ShareGroups.MayChange(groupId, mayBegin: true);
                if (error == ErrorCode.None && offsets.Count > 0)
                    stateEpoch = core.ShareGroups.BeginInitialize(
                        groupId, [.. offsets.Select(offset => offset.Topic)], effects);
                return error;
            },
            error =>
            {
                if (error != ErrorCode.None || offsets.Count == 0)
                    answer(error, []);
                else
                    states.Initialize(groupId, stateEpoch, offsets, errors => answer(ErrorCode.None, errors));
            });
    }

    private static AlterShareGroupOffsetsResponse Refused(ErrorCode error) => new()
    {
        ErrorCode = error,
        ErrorMessage = "The offsets of this group can't be set.",
    };
}
