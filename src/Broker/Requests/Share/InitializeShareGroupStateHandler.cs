using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// InitializeShareGroupState (key 83), version 0. Begins the state of a share group in partitions, or begins it anew.
/// Answered when it is on stable storage.
/// </summary>
internal sealed class InitializeShareGroupStateHandler(TopicPartitions topics, ShareCoordinators coordinators)
    : RequestHandler<InitializeShareGroupStateRequest>
{
    protected override void Handle(PendingRequest pending, InitializeShareGroupStateRequest request)
    {
        var response = new InitializeShareGroupStateResponse();
        var answers = new Countdown();
        foreach (var topic in request.Topics)
        {
            var result = new InitializeShareGroupStateResponse.InitializeStateResult { TopicId = topic.TopicId };
            response.Results.Add(result);
            foreach (var asked in topic.Partitions)
            {
                var answer = new InitializeShareGroupStateResponse.PartitionResult { Partition = asked.Partition };
                result.Partitions.Add(answer);
                var key = new SharePartitionKey(request.GroupId, topic.TopicId, asked.Partition);
                answer.ErrorCode = ShareErrors.Check(key, topics);
                if (answer.ErrorCode != default)
                    continue;
                answers.Await();
                coordinators.Initialize(key, asked.StateEpoch, asked.StartOffset, reply =>
                {
                    answer.ErrorCode = reply.ErrorCode;
                    answers.Signal();
                });
            }
        }

        answers.Start(() => pending.Reply(response));
    }
}
