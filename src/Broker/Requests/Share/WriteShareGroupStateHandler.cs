using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// WriteShareGroupState (key 85), versions 0 and 1. Stores what changed in partitions that a share group reads.
/// Answered when it is on stable storage. Version 1 tells how many records are done.
/// </summary>
internal sealed class WriteShareGroupStateHandler(TopicPartitions topics, ShareCoordinators coordinators)
    : RequestHandler<WriteShareGroupStateRequest>
{
    protected override void Handle(PendingRequest pending, WriteShareGroupStateRequest request)
    {
        var response = new WriteShareGroupStateResponse();
        var answers = new Countdown();
        foreach (var topic in request.Topics)
        {
            var result = new WriteShareGroupStateResponse.WriteStateResult { TopicId = topic.TopicId };
            response.Results.Add(result);
            foreach (var asked in topic.Partitions)
            {
                var answer = new WriteShareGroupStateResponse.PartitionResult { Partition = asked.Partition };
                result.Partitions.Add(answer);
                var key = new SharePartitionKey(request.GroupId, topic.TopicId, asked.Partition);
                answer.ErrorCode = ShareErrors.Check(key, topics);
                if (answer.ErrorCode != default)
                    continue;
                answers.Await();
                coordinators.Write(key, asked.StateEpoch, asked.LeaderEpoch, Change(asked), reply =>
                {
                    answer.ErrorCode = reply.ErrorCode;
                    answers.Signal();
                });
            }
        }

        answers.Start(() => pending.Reply(response));
    }

    private static StateChange Change(WriteShareGroupStateRequest.PartitionData asked) => new(
        asked.StartOffset,
        asked.DeliveryCompleteCount,
        [.. asked.StateBatches.Select(batch => new StateBatch(
            batch.FirstOffset, batch.LastOffset, (RecordState)batch.DeliveryState, batch.DeliveryCount))]);
}
