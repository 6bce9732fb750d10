using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ReadShareGroupState (key 84), version 0. Gives the leader of partitions what is stored of a share group there; from
/// then on older leaders can't write.
/// </summary>
internal sealed class ReadShareGroupStateHandler(TopicPartitions topics, ShareCoordinators coordinators)
    : RequestHandler<ReadShareGroupStateRequest>
{
    protected override void Handle(PendingRequest pending, ReadShareGroupStateRequest request)
    {
        var response = new ReadShareGroupStateResponse();
        var answers = new Countdown();
        foreach (var topic in request.Topics)
        {
            var result = new ReadShareGroupStateResponse.ReadStateResult { TopicId = topic.TopicId };
            response.Results.Add(result);
            foreach (var asked in topic.Partitions)
            {
                var answer = new ReadShareGroupStateResponse.PartitionResult { Partition = asked.Partition };
                result.Partitions.Add(answer);
                var key = new SharePartitionKey(request.GroupId, topic.TopicId, asked.Partition);
                answer.ErrorCode = ShareErrors.Check(key, topics);
                if (answer.ErrorCode != default)
                    continue;
                answers.Await();
                coordinators.Read(key, asked.LeaderEpoch, reply =>
                {
                    Fill(answer, reply);
                    answers.Signal();
                });
            }
        }

        answers.Start(() => pending.Reply(response));
    }

    private static void Fill(ReadShareGroupStateResponse.PartitionResult answer, ShareStateReply reply)
    {
        answer.ErrorCode = reply.ErrorCode;
        if (reply.State is not { } state)
            return;
        answer.StateEpoch = state.StateEpoch;
        answer.StartOffset = state.StartOffset;
        answer.StateBatches = [.. state.Batches.Select(batch => new ReadShareGroupStateResponse.StateBatch
        {
            FirstOffset = batch.FirstOffset,
            LastOffset = batch.LastOffset,
            DeliveryState = (sbyte)batch.State,
            DeliveryCount = batch.DeliveryCount,
        })];
    }
}
