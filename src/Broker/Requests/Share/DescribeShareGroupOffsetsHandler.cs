using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Groups.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// DescribeShareGroupOffsets (key 90), versions 0 and 1 (KIP-932). Where share groups begin in partitions; version 1
/// tells how many records are left.
/// </summary>
/// <remarks>
/// <para>No topics, null, means all that the group has. A group or topic that is not there, or where the group has not
/// been, is at offset -1, which is no error.</para>
/// </remarks>
internal sealed class DescribeShareGroupOffsetsHandler(
    GroupCoordinators groups, ShareCoordinators coordinators, TopicPartitions topics)
    : RequestHandler<DescribeShareGroupOffsetsRequest>
{
    protected override void Handle(PendingRequest pending, DescribeShareGroupOffsetsRequest request)
    {
        var response = new DescribeShareGroupOffsetsResponse();
        var answers = new Countdown();
        foreach (var group in request.Groups)
        {
            var answer = new DescribeShareGroupOffsetsResponse.Group
            {
                GroupId = group.GroupId,
            };
            response.Groups.Add(answer);
            foreach (var (name, id, partitions) in group.Topics is { } asked ? Named(asked) : All(group.GroupId))
                answer.Topics.Add(Describe(group.GroupId, name, id, partitions, answers));
        }

        answers.Start(() => pending.Reply(response));
    }

    private IEnumerable<(string Name, Uuid Id, IEnumerable<int> Partitions)> Named(
        List<DescribeShareGroupOffsetsRequest.Topic> asked) =>
        asked.Select(topic =>
            (topic.TopicName, topics.Find(topic.TopicName)?.Id ?? Uuid.Zero, topic.Partitions.AsEnumerable()));

    private IEnumerable<(string Name, Uuid Id, IEnumerable<int> Partitions)> All(string groupId) =>
        (groups.Find(groupId)?.Read(core => core.ShareGroups.TopicsOf(groupId)) ?? SharedTopics.None)
        .Initialized.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal)
        .Select(topic => (topic.Name, topic.TopicId, topic.Partitions.AsEnumerable()));

    private DescribeShareGroupOffsetsResponse.Topic Describe(
        string groupId, string name, Uuid topicId, IEnumerable<int> partitions, Countdown answers)
    {
        var result = new DescribeShareGroupOffsetsResponse.Topic
        {
            TopicName = name,
            TopicId = topicId,
        };
        foreach (var partition in partitions)
        {
            var place = new DescribeShareGroupOffsetsResponse.Partition
            {
                PartitionIndex = partition,
                StartOffset = ShareState.None,
                Lag = ShareState.None,
            };
            result.Partitions.Add(place);
            if (TopicPartitions.Find(topics.Find(topicId), partition) is not { } hosted)
                continue;
            answers.Await();
            coordinators.ReadSummary(new SharePartitionKey(groupId, topicId, partition), reply =>
            {
                Fill(place, reply, hosted);
                answers.Signal();
            });
        }

        return result;
    }

    /// <summary>The lag is what is visible, from the start on, without what is done.</summary>
    private static void Fill(
        DescribeShareGroupOffsetsResponse.Partition place, ShareStateReply reply,
        Partitions.Partition partition)
    {
        place.ErrorCode = reply.ErrorCode;
        if (reply.State is not { } state)
            return;
        place.StartOffset = state.StartOffset;
        place.LeaderEpoch = state.LeaderEpoch;
        if (state.StartOffset != ShareState.None && state.DeliveryCompleteCount != ShareState.None)
            place.Lag = partition.HighWatermark.Value - state.StartOffset - state.DeliveryCompleteCount;
    }
}
