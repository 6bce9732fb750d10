using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// DescribeTopicPartitions (key 75), version 0 (KIP-966). The topics in the order of their names, so many partitions in
/// all; the next page begins at the cursor that the response tells.
/// </summary>
/// <remarks>
/// <para>No topics named means all, of which those that are gone meanwhile are left out.</para>
/// </remarks>
internal sealed class DescribeTopicPartitionsHandler(
    TopicPartitions topics, NodeIdentity node, BrokerSettings settings) : RequestHandler<DescribeTopicPartitionsRequest>
{
    private readonly int _mostPartitions = settings.Int("max.request.partition.size.limit");

    protected override void Handle(PendingRequest pending, DescribeTopicPartitionsRequest request)
    {
        if (request.Cursor is { PartitionIndex: < 0 })
        {
            pending.Reply(Refusal(request));
            return;
        }

        var response = new DescribeTopicPartitionsResponse { NextCursor = null };
        var left = Math.Max(Math.Min(request.ResponsePartitionLimit, _mostPartitions), 1);
        foreach (var name in Names(request))
        {
            if (left == 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = 0 };
                break;
            }

            if (topics.Find(name) is not { } topic)
            {
                response.Topics.Add(Unknown(name));
                continue;
            }

            var from = request.Cursor is { } cursor && cursor.TopicName == name ? cursor.PartitionIndex : 0;
            var to = (int)Math.Min(topic.Partitions.Length, (long)from + left);
            response.Topics.Add(Describe(topic, from, to));
            if (to < topic.Partitions.Length)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = to };
                break;
            }

            left -= Math.Max(to - from, 0);
        }

        pending.Reply(response);
    }

    private IEnumerable<string> Names(DescribeTopicPartitionsRequest request)
    {
        var names = request.Topics.Count == 0
            ? topics.Topics.Select(topic => topic.Name)
            : request.Topics.Select(topic => topic.Name).Distinct().Order(StringComparer.Ordinal);
        return request.Cursor is { } cursor
            ? names.SkipWhile(name => string.CompareOrdinal(name, cursor.TopicName) < 0)
            : names;
    }

    private static DescribeTopicPartitionsResponse Refusal(DescribeTopicPartitionsRequest request) => new()
    {
        NextCursor = null,
        Topics = request.Topics.ConvertAll(topic => new DescribeTopicPartitionsResponse.Topic
        {
            Name = topic.Name,
            ErrorCode = ErrorCode.InvalidRequest,
        }),
    };

    private static DescribeTopicPartitionsResponse.Topic Unknown(string name) => new()
    {
        Name = name,
        IsInternal = TopicName.IsInternal(name),
        ErrorCode = TopicName.WhatIsWrong(name) is null
            ? ErrorCode.UnknownTopicOrPartition
            : ErrorCode.InvalidTopic,
    };

    private DescribeTopicPartitionsResponse.Topic Describe(HostedTopic topic, int from, int to)
    {
        var answer = new DescribeTopicPartitionsResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = topic.IsInternal,
            TopicAuthorizedOperations = MetadataHandler.TopicOperations,
        };
        for (var i = from; i < to; i++)
        {
            answer.Partitions.Add(new()
            {
                PartitionIndex = i,
                LeaderId = node.NodeId,
                LeaderEpoch = topic.Partitions[i].LeaderEpoch.Value,
                ReplicaNodes = [node.NodeId],
                IsrNodes = [node.NodeId],
                EligibleLeaderReplicas = [],
                LastKnownElr = [],
            });
        }

        return answer;
    }
}
