using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// Decides what becomes of the cluster's metadata: a request yields records, and only replaying a record changes
/// the <see cref="Image"/>.
/// </summary>
/// <remarks>
/// <para>Owned by the controller shard, which appends the records to <c>__cluster_metadata</c>, replays them and then
/// answers. 1. Replaying the same records gives the same image. 2. What a request decides is valid on the image it saw:
/// the shard replays one request's records before it takes the next. Reads see replayed, hence durable, state.</para>
/// </remarks>
internal sealed class Controller(BrokerSettings settings, IRandomness randomness)
{
    private const int MostPartitionsARequest = 10_000;
    private const long ProducerIdBlock = 1000;

    private readonly TopicValidation _validation = new(settings);
    private readonly ConfigChanges _configChanges = new(settings);
    private readonly MetadataReplay _replay = new();
    private Uuid _directoryId;

    public ClusterImage Image => _replay.Image;

    public CreateTopicsResponse CreateTopics(CreateTopicsRequest request, List<IMessage> records)
    {
        var response = new CreateTopicsResponse();
        var partitions = 0;
        foreach (var group in request.Topics.GroupBy(topic => topic.Name))
        {
            var result = new CreateTopicsResponse.CreatableTopicResult { Name = group.Key };
            response.Topics.Add(result);
            var verdict = request.TimeoutMs <= 0
                ? new Verdict(ErrorCode.RequestTimedOut, null)
                : group.Count() > 1
                    ? new Verdict(ErrorCode.InvalidRequest, "The topic is named more than once in the request.")
                    : CreateTopic(group.First(), request.ValidateOnly, result, ref partitions, records);
            (result.ErrorCode, result.ErrorMessage) = verdict;
            if (verdict.ErrorCode == ErrorCode.None)
                continue;
            result.TopicId = Uuid.Zero;
            result.NumPartitions = -1;
            result.ReplicationFactor = -1;
            result.Configs = [];
        }

        return response;
    }

    /// <summary>Creates one topic with the defaults, as asking for its metadata or a coordinator does.</summary>
    public ErrorCode CreateTopic(string name, int partitions, short replicationFactor, List<IMessage> records,
        params ReadOnlySpan<(string Name, string Value)> configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replicationFactor,
        };
        foreach (var (key, value) in configs)
            topic.Configs.Add(new() { Name = key, Value = value });
        var count = 0;
        return CreateTopic(topic, false, new CreateTopicsResponse.CreatableTopicResult(), ref count, records).ErrorCode;
    }

    public DeleteTopicsResponse DeleteTopics(DeleteTopicsRequest request, short version, List<IMessage> records)
    {
        var asked = version >= 6
            ? request.Topics
            : request.TopicNames.ConvertAll(name => new DeleteTopicsRequest.DeleteTopicState { Name = name });
        var response = new DeleteTopicsResponse();
        var times = asked.CountBy(topic => Find(topic)?.Id ?? Uuid.Zero).ToDictionary();
        foreach (var topic in asked)
        {
            var found = Find(topic);
            var error = DeleteTopic(topic, found, found is not null && times[found.Id] > 1);
            if (error == ErrorCode.None)
                records.Add(new RemoveTopicRecord { TopicId = found!.Id });
            response.Responses.Add(new()
            {
                Name = topic.Name ?? (error == ErrorCode.None ? found!.Name : null),
                TopicId = error == ErrorCode.None ? found!.Id : topic.TopicId,
                ErrorCode = error,
                ErrorMessage = error == ErrorCode.None ? null : $"The topic can't be deleted: {error}.",
            });
        }

        return response;
    }

    public CreatePartitionsResponse CreatePartitions(CreatePartitionsRequest request, List<IMessage> records)
    {
        var response = new CreatePartitionsResponse();
        foreach (var group in request.Topics.GroupBy(topic => topic.Name))
        {
            var verdict = group.Count() > 1
                ? new Verdict(ErrorCode.InvalidRequest, "The topic is named more than once in the request.")
                : CreatePartitions(group.First(), request.ValidateOnly, records);
            response.Results.Add(new()
            {
                Name = group.Key,
                ErrorCode = verdict.ErrorCode,
                ErrorMessage = verdict.Message,
            });
        }

        return response;
    }

    /// <summary>The first of a block of <paramref name="count"/> producer ids that nobody else gets.</summary>
    public long AllocateProducerIds(out int count, List<IMessage> records)
    {
        count = (int)ProducerIdBlock;
        var first = Image.NextProducerId;
        records.Add(new ProducerIdsRecord
        {
            BrokerId = settings.NodeId,
            BrokerEpoch = Image.Brokers.Brokers.GetValueOrDefault(settings.NodeId)?.Epoch ?? -1,
            NextProducerId = first + ProducerIdBlock,
        });
        return first;
    }

    /// <summary>Sets, deletes, appends to and subtracts from the settings of topics.</summary>
    public IncrementalAlterConfigsResponse AlterConfigs(
        IncrementalAlterConfigsRequest request, List<IMessage> records) =>
        _configChanges.Alter(request, Image, records);

    /// <summary>Replaces all settings of topics.</summary>
    public AlterConfigsResponse AlterConfigs(AlterConfigsRequest request, List<IMessage> records) =>
        _configChanges.Alter(request, Image, records);

    /// <summary>What a node decides that takes up the metadata, before it serves.</summary>
    /// <exception cref="UnservableMetadataException">It can't serve what the metadata says.</exception>
    public void Activate(NodeState node, List<IMessage> records)
    {
        _directoryId = node.DirectoryId;
        new Activation(settings.NodeId, node, Image, randomness).Decide(_replay.IsTransactionOpen, records);
    }

    /// <summary>What a node decides that stops in order, so that the next start need not wait for it.</summary>
    public void Retire(List<IMessage> records)
    {
        if (Image.Brokers.Brokers.TryGetValue(settings.NodeId, out var broker))
        {
            records.Add(new BrokerRegistrationChangeRecord
            {
                BrokerId = settings.NodeId,
                BrokerEpoch = broker.Epoch,
                Fenced = 1,
                InControlledShutdown = 1,
            });
        }
    }

    /// <summary>The only method that changes the image.</summary>
    public void Replay(IMessage record) => _replay.Replay(record);

    private Verdict CreateTopic(
        CreateTopicsRequest.CreatableTopic topic, bool validateOnly,
        CreateTopicsResponse.CreatableTopicResult result, ref int requested, List<IMessage> records)
    {
        if (_validation.WhatIsWrong(topic, Image) is { } problem)
            return problem;
        var count = _validation.PartitionCount(topic);
        requested += count;
        if (requested > MostPartitionsARequest)
        {
            return new Verdict(ErrorCode.PolicyViolation,
                $"One request may create at most {MostPartitionsARequest} partitions.");
        }

        var id = randomness.NewUuid();
        var configs = topic.Configs.GroupBy(config => config.Name)
            .ToImmutableSortedDictionary(group => group.Key, group => group.Last().Value!);
        result.TopicId = id;
        result.NumPartitions = count;
        result.ReplicationFactor = 1;
        result.Configs = EffectiveConfigs.Describe(settings, Image.Configs, configs).ConvertAll(
            config => new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = config.Definition.Name,
                Value = config.Value,
                ConfigSource = (sbyte)config.Source,
            });
        if (validateOnly)
            return Verdict.Good;

        records.Add(new TopicRecord { Name = topic.Name, TopicId = id });
        foreach (var (name, value) in configs)
            records.Add(ConfigsImage.Record(ConfigResource.Topic, topic.Name, name, value));

        AddPartitions(id, 0, count, records);
        return Verdict.Good;
    }

    private Verdict CreatePartitions(
        CreatePartitionsRequest.CreatePartitionsTopic topic, bool validateOnly, List<IMessage> records)
    {
        if (Image.Find(topic.Name) is not { } existing)
            return new Verdict(ErrorCode.UnknownTopicOrPartition, null);
        var present = existing.Partitions.Length;
        if (topic.Count <= present)
        {
            return new Verdict(ErrorCode.InvalidPartitions,
                $"The topic has {present} partitions; the new total must be larger, not {topic.Count}.");
        }

        if (topic.Count - present > MostPartitionsARequest)
        {
            return new Verdict(ErrorCode.PolicyViolation,
                $"One request may add at most {MostPartitionsARequest} partitions.");
        }

        if (topic.Assignments is { } assignments)
        {
            if (assignments.Count != topic.Count - present)
            {
                return new Verdict(ErrorCode.InvalidReplicaAssignment,
                    $"{topic.Count - present} partitions are added, {assignments.Count} are assigned.");
            }

            if (assignments.Any(assignment => assignment.BrokerIds is not [var only] || only != settings.NodeId))
                return new Verdict(ErrorCode.InvalidReplicaAssignment, $"The only broker is {settings.NodeId}.");
        }

        if (!validateOnly)
            AddPartitions(existing.Id, present, topic.Count, records);
        return Verdict.Good;
    }

    private void AddPartitions(Uuid topic, int from, int to, List<IMessage> records)
    {
        for (var partition = from; partition < to; partition++)
        {
            records.Add(new PartitionRecord
            {
                PartitionId = partition,
                TopicId = topic,
                Replicas = [settings.NodeId],
                Isr = [settings.NodeId],
                Leader = settings.NodeId,
                LeaderEpoch = 0,
                PartitionEpoch = 0,
                Directories = [_directoryId],
            });
        }
    }

    private TopicImage? Find(DeleteTopicsRequest.DeleteTopicState topic) =>
        topic.Name is null ? Image.Find(topic.TopicId) : Image.Find(topic.Name);

    private ErrorCode DeleteTopic(DeleteTopicsRequest.DeleteTopicState topic, TopicImage? found, bool repeated)
    {
        if (!settings.Boolean("delete.topic.enable"))
            return ErrorCode.TopicDeletionDisabled;
        if (topic.Name is null == topic.TopicId.IsZero || repeated)
            return ErrorCode.InvalidRequest;
        if (found is null)
            return topic.Name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        return ErrorCode.None;
    }
}

/// <summary>Whether one entry of a request is granted, and in words why not.</summary>
internal readonly record struct Verdict(ErrorCode ErrorCode, string? Message)
{
    public static readonly Verdict Good = new(ErrorCode.None, null);
}
