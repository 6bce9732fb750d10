using Millrace.Broker.Partitions;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// OffsetForLeaderEpoch (key 23), versions 2 to 4. Finds where a leader epoch ends, so that a client can see whether
/// the log was cut under it (KIP-320). An epoch above the latest gives (-1, -1) without an error.
/// </summary>
internal sealed class OffsetForLeaderEpochHandler(TopicPartitions topics) : RequestHandler<OffsetForLeaderEpochRequest>
{
    protected override void Handle(PendingRequest pending, OffsetForLeaderEpochRequest request)
    {
        var response = new OffsetForLeaderEpochResponse();
        foreach (var topic in request.Topics)
        {
            var answer = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            response.Topics.Add(answer);
            foreach (var partition in topic.Partitions)
                answer.Partitions.Add(Find(topic.Topic, partition));
        }

        pending.Reply(response);
    }

    private OffsetForLeaderEpochResponse.EpochEndOffset Find(
        string topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition wanted)
    {
        var answer = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = wanted.Partition };
        if (topics.Find(topic, wanted.Partition) is not { } partition)
        {
            answer.ErrorCode = ErrorCode.UnknownTopicOrPartition;
            return answer;
        }

        answer.ErrorCode = partition.CheckLeaderEpoch(wanted.CurrentLeaderEpoch);
        if (answer.ErrorCode != ErrorCode.None)
            return answer;
        var (epoch, end) = partition.EndOffsetForEpoch(new LeaderEpoch(wanted.LeaderEpoch));
        answer.LeaderEpoch = epoch.Value;
        answer.EndOffset = end.Value;
        return answer;
    }
}
