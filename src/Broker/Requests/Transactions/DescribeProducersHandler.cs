using Millrace.Broker.Partitions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// DescribeProducers (key 61), version 0: who wrote to partitions, and whose transactions are open there.
/// </summary>
internal sealed class DescribeProducersHandler(TopicPartitions topics) : RequestHandler<DescribeProducersRequest>
{
    protected override void Handle(PendingRequest pending, DescribeProducersRequest request) =>
        pending.Reply(new DescribeProducersResponse
        {
            Topics = request.Topics.ConvertAll(topic => new DescribeProducersResponse.TopicResponse
            {
                Name = topic.Name,
                Partitions = topic.PartitionIndexes.ConvertAll(index => Describe(topics.Find(topic.Name), index)),
            }),
        });

    private static DescribeProducersResponse.PartitionResponse Describe(HostedTopic? topic, int index) =>
        TopicPartitions.Find(topic, index) is { } partition
            ? new() { PartitionIndex = index, ActiveProducers = partition.DescribeProducers() }
            : new()
            {
                PartitionIndex = index,
                ErrorCode = ErrorCode.UnknownTopicOrPartition,
                ErrorMessage = topic is null ? "There is no such topic." : null,
            };
}
