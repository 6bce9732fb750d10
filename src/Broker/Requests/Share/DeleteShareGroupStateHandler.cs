using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// DeleteShareGroupState (key 86), version 0. Deletes the state of a share group in partitions; where there is none,
/// nothing happens.
/// </summary>
internal sealed class DeleteShareGroupStateHandler(TopicPartitions topics, ShareCoordinators coordinators)
    : RequestHandler<DeleteShareGroupStateRequest>
{
    protected override void Handle(PendingRequest pending, DeleteShareGroupStateRequest request)
    {
        var response = new DeleteShareGroupStateResponse();
        var answers = new Countdown();
        foreach (var topic in request.Topics)
        {
            var result = new DeleteShareGroupStateResponse.DeleteStateResult { TopicId = topic.TopicId };
            response.Results.Add(result);
            foreach (var asked in topic.Partitions)
            {
                var answer = new DeleteShareGroupStateResponse.PartitionResult { Partition = asked.Partition };
                result.Partitions.Add(answer);
                var key = new SharePartitionKey(request.GroupId, topic.TopicId, asked.Partition);
                answer.ErrorCode = ShareErrors.Check(key, topics);
                if (answer.ErrorCode != default)
                    continue;
                answers.Await();
                coordinators.Delete(key, reply =>
                {
                    answer.ErrorCode = reply.ErrorCode;
                    answers.Signal();
                });
            }
        }

        answers.Start(() => pending.Reply(response));
    }
}
