using System.Diagnostics;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Bench.Wire;

/// <summary>Asks a cluster for what a benchmark has to know and have: topics, leaders, offsets.</summary>
internal sealed class Cluster(BrokerAddress bootstrap) : IDisposable
{
    private const long EarliestTimestamp = -2;
    private const long LatestTimestamp = -1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly Dictionary<BrokerAddress, WireConnection> _connections = [];

    public BrokerAddress Bootstrap => bootstrap;

    /// <summary>Creates a topic and waits until each partition has a leader.</summary>
    /// <exception cref="BenchException">It is there, or the cluster refuses it.</exception>
    public TopicPartitions CreateTopic(
        string name, int partitions, short replicationFactor,
        params IReadOnlyList<(string Name, string Value)> configs)
    {
        var answer = Controller().Call<CreateTopicsResponse>(ApiKey.CreateTopics, new CreateTopicsRequest
        {
            TimeoutMs = 60_000,
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = replicationFactor,
                    Configs =
                    [
                        .. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig
                        {
                            Name = config.Name, Value = config.Value,
                        }),
                    ],
                },
            ],
        });
        var created = answer.Topics.Single();
        if (created.ErrorCode != ErrorCode.None)
            throw new BenchException($"Topic {name} can't be created: {created.ErrorCode} {created.ErrorMessage}");
        return Find(name, partitions)
            ?? throw new BenchException($"Topic {name} has no leaders after {Patience.TotalSeconds:0} s.");
    }

    /// <summary>A topic that is there, with so many partitions at least; many are waited for longer.</summary>
    public TopicPartitions FindTopic(string name, int partitions = 1) => Find(name, partitions)
        ?? throw new BenchException($"There is no topic '{name}' whose partitions all have leaders.");

    public void DeleteTopic(string name)
    {
        var controller = Controller();
        var answer = controller.Call<DeleteTopicsResponse>(ApiKey.DeleteTopics, new DeleteTopicsRequest
        {
            TopicNames = [name],
            Topics = [new() { Name = name }],
            TimeoutMs = 30_000,
        });
        var error = answer.Responses.Single().ErrorCode;
        if (error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition))
            throw new BenchException($"Topic {name} can't be deleted: {error}.");
    }

    public long StartOffset(TopicPartitions topic, PartitionLeader partition) =>
        OffsetAt(topic, partition, EarliestTimestamp);

    public long EndOffset(TopicPartitions topic, PartitionLeader partition) =>
        OffsetAt(topic, partition, LatestTimestamp);

    /// <summary>End offsets by partition.</summary>
    public Dictionary<int, long> EndOffsets(TopicPartitions topic) =>
        topic.Partitions.ToDictionary(partition => partition.Index, partition => EndOffset(topic, partition));

    public WireConnection To(BrokerAddress broker)
    {
        if (!_connections.TryGetValue(broker, out var connection))
            _connections[broker] = connection = WireConnection.Open(broker);
        return connection;
    }

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
            connection.Dispose();
        _connections.Clear();
    }

    private static BrokerAddress? Address(MetadataResponse cluster, int nodeId) =>
        cluster.Brokers.Find(broker => broker.NodeId == nodeId) is { } broker
            ? new BrokerAddress(broker.Host, broker.Port)
            : null;

    private WireConnection Controller()
    {
        var cluster = To(bootstrap).Call<MetadataResponse>(ApiKey.Metadata, new MetadataRequest { Topics = [] });
        return To(Address(cluster, cluster.ControllerId) ?? bootstrap);
    }

    /// <summary>Null if there is no such topic with so many led partitions when patience ends.</summary>
    private TopicPartitions? Find(string name, int partitions)
    {
        var began = Stopwatch.GetTimestamp();
        do
        {
            var cluster = To(bootstrap).Call<MetadataResponse>(ApiKey.Metadata, new MetadataRequest
            {
                Topics = [new() { Name = name }],
                AllowAutoTopicCreation = false,
            });
            var topic = cluster.Topics.Single();
            if (topic.ErrorCode == ErrorCode.None && topic.Partitions.Count >= partitions
                && topic.Partitions.TrueForAll(partition => Address(cluster, partition.LeaderId) is not null))
            {
                return new TopicPartitions(name, topic.TopicId,
                [
                    .. topic.Partitions.OrderBy(partition => partition.PartitionIndex).Select(partition =>
                        new PartitionLeader(partition.PartitionIndex, Address(cluster, partition.LeaderId)!)),
                ]);
            }

            if (partitions == 1 && topic.ErrorCode == ErrorCode.InvalidTopic)
                return null;
            Thread.Sleep(Pause);
        }
        while (Stopwatch.GetElapsedTime(began) < (partitions == 1 ? Patience / 12 : Patience));
        return null;
    }

    private long OffsetAt(TopicPartitions topic, PartitionLeader partition, long timestamp)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = To(partition.Broker).Call<ListOffsetsResponse>(ApiKey.ListOffsets, new ListOffsetsRequest
            {
                ReplicaId = -1,
                TimeoutMs = 10_000,
                Topics =
                [
                    new()
                    {
                        Name = topic.Name,
                        Partitions = [new() { PartitionIndex = partition.Index, Timestamp = timestamp }],
                    },
                ],
            }, highest: 7);
            var found = answer.Topics.Single().Partitions.Single();
            if (found.ErrorCode == ErrorCode.None)
                return found.Offset;
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new BenchException(
                    $"The offsets of {topic.Name}-{partition.Index} are not known: {found.ErrorCode}.");
            }

            Thread.Sleep(Pause);
        }
    }
}
