using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
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
                Partitions = topic.PartitionIndexes.ConvertAll(index => Describe(topic.Name, index)),
            }),
        });

    private DescribeProducersResponse.PartitionResponse Describe(string name, int index)
    {
        if (TopicName.WhatIsWrong(name) is { } problem)
            return new() { PartitionIndex = index, ErrorCode = ErrorCode.InvalidTopic, ErrorMessage = problem };
        var topic = topics.Find(name);
        return TopicPartitions.Find(topic, index) is { } partition
            ? new() { PartitionIndex = index, ActiveProducers = partition.DescribeProducers() }
            : new()
            {
                PartitionIndex = index,
                ErrorCode = ErrorCode.UnknownTopicOrPartition,
                ErrorMessage = topic is null ? "There is no such topic." : null,
            };
    }
}
