using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ReadShareGroupStateSummary (key 87), versions 0 and 1. Where a share group begins in partitions; -1 where it has not
/// been. Version 1 tells how many records from there on are done.
/// </summary>
internal sealed class ReadShareGroupStateSummaryHandler(TopicPartitions topics, ShareCoordinators coordinators)
    : RequestHandler<ReadShareGroupStateSummaryRequest>
{
    protected override void Handle(PendingRequest pending, ReadShareGroupStateSummaryRequest request)
    {
        var response = new ReadShareGroupStateSummaryResponse();
        var answers = new Countdown();
        foreach (var topic in request.Topics)
        {
            var result = new ReadShareGroupStateSummaryResponse.ReadStateSummaryResult { TopicId = topic.TopicId };
            response.Results.Add(result);
            foreach (var asked in topic.Partitions)
            {
                var answer = new ReadShareGroupStateSummaryResponse.PartitionResult { Partition = asked.Partition };
                result.Partitions.Add(answer);
                var key = new SharePartitionKey(request.GroupId, topic.TopicId, asked.Partition);
                answer.ErrorCode = ShareErrors.Check(key, topics);
                if (answer.ErrorCode != default)
                    continue;
                answers.Await();
                coordinators.ReadSummary(key, reply =>
                {
                    Fill(answer, reply);
                    answers.Signal();
                });
            }
        }

        answers.Start(() => pending.Reply(response));
    }

    private static void Fill(ReadShareGroupStateSummaryResponse.PartitionResult answer, ShareStateReply reply)
    {
        answer.ErrorCode = reply.ErrorCode;
        answer.StateEpoch = reply.State?.StateEpoch ?? 0;
        answer.LeaderEpoch = reply.State?.LeaderEpoch ?? 0;
        answer.StartOffset = reply.State?.StartOffset ?? ShareState.None;
        answer.DeliveryCompleteCount = reply.State?.DeliveryCompleteCount ?? ShareState.None;
    }
}
