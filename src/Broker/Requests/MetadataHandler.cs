using Millrace.Broker.Cluster;
using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// Metadata (key 3), versions 0 to 13. Describes the brokers, and topics by name, by id, or all.
/// </summary>
/// <remarks>
/// <para>Version 0 takes an empty list for all topics, later versions null. A topic that is missing is created where
/// the broker and (from version 4) the client allow it; this answer still says UNKNOWN_TOPIC_OR_PARTITION, as Kafka's
/// does, and the client asks again; once the disk was found full it says KAFKA_STORAGE_ERROR. Ids are read from version
/// 12 on; a request that has any leaves mere names unanswered.</para>
/// <para>Without an authorizer every operation is authorized.</para>
/// </remarks>
internal sealed class MetadataHandler(
    TopicPartitions topics, ControllerShard controller, NodeIdentity node, BrokerSettings settings)
    : RequestHandler<MetadataRequest>
{
    /// <summary>A bit a Kafka operation code, for what may be done to a topic: read to alter configs.</summary>
    internal const int TopicOperations = 3576;

    /// <summary>The same for the cluster.</summary>
    internal const int ClusterOperations = 8096;

    protected override void Handle(PendingRequest pending, MetadataRequest request)
    {
        if (Refusal(request.Topics, pending.Version) is { } refusal)
        {
            pending.Reply(refusal);
            return;
        }

        var (host, port) = node.AddressFor(pending.Connection);
        var response = new MetadataResponse
        {
            ClusterId = node.ClusterId,
            ControllerId = node.NodeId,
            Brokers = { new() { NodeId = node.NodeId, Host = host, Port = port } },
        };
        if (request.IncludeClusterAuthorizedOperations)
            response.ClusterAuthorizedOperations = ClusterOperations;
        foreach (var topic in Topics(pending, request))
        {
            if (request.IncludeTopicAuthorizedOperations && topic.ErrorCode == ErrorCode.None)
                topic.TopicAuthorizedOperations = TopicOperations;
            response.Topics.Add(topic);
        }

        pending.Reply(response);
    }

    private IEnumerable<MetadataResponse.Topic> Topics(PendingRequest pending, MetadataRequest request)
    {
        if (request.Topics is null || (pending.Version == 0 && request.Topics.Count == 0))
            return topics.Topics.Select(Describe);
        if (request.Topics.Any(topic => !topic.TopicId.IsZero))
        {
            return request.Topics.Where(topic => !topic.TopicId.IsZero)
                .DistinctBy(topic => topic.TopicId)
                .Select(topic => ById(topic.TopicId));
        }

        return request.Topics.DistinctBy(topic => topic.Name)
            .Select(topic => ByName(topic.Name!, request, pending.Version));
    }

    /// <summary>
    /// The answer, for all topics alike, where one is named by an id too early or by nothing at all; else null.
    /// </summary>
    private static MetadataResponse? Refusal(List<MetadataRequest.Topic>? topics, short version)
    {
        if (topics is null)
            return null;
        var error = version < 12 && topics.Any(topic => topic.Name is null || !topic.TopicId.IsZero)
            ? ErrorCode.InvalidRequest
            : topics.Any(topic => topic.Name is null && topic.TopicId.IsZero) ? ErrorCode.UnknownServerError
            : ErrorCode.None;
        return error == ErrorCode.None
            ? null
            : new MetadataResponse
            {
                Topics = topics.ConvertAll(topic => new MetadataResponse.Topic
                {
                    Name = topic.Name ?? "",
                    TopicId = topic.TopicId,
                    ErrorCode = error,
                }),
            };
    }

    private MetadataResponse.Topic ById(Protocol.Wire.Uuid id) =>
        topics.Find(id) is { } topic
            ? Describe(topic)
            : new() { TopicId = id, Name = null, ErrorCode = ErrorCode.UnknownTopicId };

    private MetadataResponse.Topic ByName(string name, MetadataRequest request, short version)
    {
        if (topics.Find(name) is { } topic)
            return Describe(topic);
        if (name == TopicName.ClusterMetadata)
            return new() { Name = name, ErrorCode = ErrorCode.UnknownTopicOrPartition };
        if (TopicName.WhatIsWrong(name) is not null)
            return new() { Name = name, ErrorCode = ErrorCode.InvalidTopic };
        var isCreating = (version < 4 || request.AllowAutoTopicCreation)
            && settings.Boolean("auto.create.topics.enable");
        if (isCreating)
            controller.CreateTopic(name);
        return new()
        {
            Name = name,
            IsInternal = TopicName.IsInternal(name),
            ErrorCode = isCreating && controller.IsDiskFull
                ? ErrorCode.KafkaStorageError
                : ErrorCode.UnknownTopicOrPartition,
        };
    }

    private MetadataResponse.Topic Describe(HostedTopic topic)
    {
        var answer = new MetadataResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = topic.IsInternal,
        };
        for (var i = 0; i < topic.Partitions.Length; i++)
        {
            answer.Partitions.Add(new()
            {
                PartitionIndex = i,
                LeaderId = node.NodeId,
                LeaderEpoch = topic.Partitions[i].LeaderEpoch.Value,
                ReplicaNodes = [node.NodeId],
                IsrNodes = [node.NodeId],
            });
        }

        return answer;
    }
}
