using System.Text.Json;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Groups;
using Millrace.Core.Log;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared;
using Millrace.Shared.Simulated;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>Group coordinators on the <c>__consumer_offsets</c> that Kafka wrote, asked as clients ask.</summary>
internal sealed class KafkaGroups : IFlushQueue, IMemberIds
{
    public const int Partitions = 2;

    private readonly HashSet<Partition> _unflushed = [];
    private readonly SimConnection _connection;
    private readonly TopicPartitions _topics = new();
    private readonly Partition[] _partitions;
    private GroupCoordinators _coordinators;
    private int _lastId;

    public KafkaGroups(string name, Action<SimDisk>? before = null)
    {
        var directory = new KafkaDirectory(name);
        Archive = directory.Archive;
        before?.Invoke(directory.Disk);
        _connection = new SimConnection(Loop);
        _partitions = [.. Enumerable.Range(0, Partitions)
            .Select(index => Host(directory.Open(new(TopicName.ConsumerOffsets, index))))];
        _coordinators = Load();
    }

    public KafkaArchive Archive { get; }

    public SimLoop Loop { get; } = new();

    public List<string> Lines { get; } = [];

    public IReadOnlyList<PartitionLog> Logs => [.. _partitions.Select(partition => partition.Log)];

    /// <summary>The partition that keeps a group.</summary>
    public Partition Of(string group) => _partitions[GroupPartition.For(group, Partitions)];

    public void Enqueue(Partition partition) => _unflushed.Add(partition);

    public string Next() => $"{++_lastId}";

    /// <summary>Starts new coordinators from the logs as they are.</summary>
    public void Reload() => _coordinators = Load();

    /// <summary>All offsets of a group as text: partition, offset, leader epoch and metadata.</summary>
    public string[] Offsets(string group, bool requireStable = false) =>
        [.. Fetch(group, topic: null, 0, requireStable).Topics
            .SelectMany(topic => topic.Partitions.Select(partition => Text(
                $"{topic.Name}-{partition.PartitionIndex}", partition.CommittedOffset, partition.CommittedLeaderEpoch,
                partition.Metadata!)))
            .Order(StringComparer.Ordinal)];

    /// <summary>The same of what Kafka's clients read, but for share groups, which have no committed offsets.</summary>
    public Dictionary<string, string[]> ExpectedOffsets() =>
        Archive.Expected("group-offsets").EnumerateObject()
            .ToDictionary(group => group.Name, group => group.Value.EnumerateObject()
                .Where(partition => partition.Value.TryGetProperty("offset", out _))
                .Select(partition => Text(
                    partition.Name,
                    partition.Value.GetProperty("offset").GetInt64(),
                    partition.Value.GetProperty("leaderEpoch") is { ValueKind: JsonValueKind.Number } epoch
                        ? epoch.GetInt32()
                        : -1,
                    partition.Value.GetProperty("metadata").GetString()!))
                .Order(StringComparer.Ordinal).ToArray());

    public OffsetFetchResponse.Group Fetch(string group, string? topic, int partition, bool requireStable)
    {
        var pending = _connection.Send(
            new OffsetFetchHandler(_coordinators, _topics), ApiKey.OffsetFetch, 9, new OffsetFetchRequest
            {
                RequireStable = requireStable,
                Groups = [new()
                {
                    GroupId = group,
                    Topics = topic is null ? null : [new() { Name = topic, PartitionIndexes = [partition] }],
                }],
            });
        Flush();
        return Assert.Single(_connection.Answer<OffsetFetchResponse>(pending).Groups);
    }

    /// <summary>Group, type, state and protocol type of all groups.</summary>
    public string[] List() =>
        [.. Ask<ListGroupsResponse>(new ListGroupsHandler(_coordinators), ApiKey.ListGroups, 5, new ListGroupsRequest())
            .Groups.Select(group => $"{group.GroupId}: {group.GroupType} {group.GroupState} {group.ProtocolType}")
            .Order(StringComparer.Ordinal)];

    public DescribeGroupsResponse.DescribedGroup Describe(string group) => Assert.Single(Ask<DescribeGroupsResponse>(
        new DescribeGroupsHandler(_coordinators), ApiKey.DescribeGroups, 6, new DescribeGroupsRequest
        {
            Groups = [group],
        }).Groups);

    public JoinGroupResponse Join(string group, string member = "") => Ask<JoinGroupResponse>(
        new JoinGroupHandler(_coordinators), ApiKey.JoinGroup, 5, new JoinGroupRequest
        {
            GroupId = group,
            MemberId = member,
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 10_000,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range" }],
        });

    /// <summary>Flushes what was appended.</summary>
    public void Flush()
    {
        foreach (var partition in _unflushed.ToList())
        {
            _unflushed.Remove(partition);
            partition.Flush();
        }
    }

    private static string Text(string partition, long offset, int leaderEpoch, string metadata) =>
        $"{partition} {offset} {leaderEpoch} '{metadata}'";

    private T Ask<T>(RequestHandler handler, ApiKey key, short version, IMessage request)
        where T : IMessage
    {
        var pending = _connection.Send(handler, key, version, request);
        Flush();
        return _connection.Answer<T>(pending);
    }

    private Partition Host(PartitionLog log) => new(log.Partition, log.TopicId, log, this);

    private GroupCoordinators Load()
    {
        var coordinators = new GroupCoordinators(Loop, new BrokerSettings([]), this) { Log = Lines.Add };
        coordinators.Serve(_partitions);
        return coordinators;
    }
}
