using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>What the controller decides is stored or refused, and then in force.</summary>
public sealed class ControllerShardTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly FewRecords _log = new();
    private readonly List<string> _told = [];
    private readonly SimConnection _client;
    private readonly ControllerShard _controller;
    private readonly LogCheckpoints _checkpoints;

    public ControllerShardTests()
    {
        var settings = new BrokerSettings([]);
        _checkpoints = new LogCheckpoints(_fixture.Disk);
        _fixture.Topics.Remove(_fixture.Topics.Find("orders")!);
        var publisher = new MetadataPublisher(
            _fixture.Disk, _fixture.Topics, [new GroupCoordinators(_fixture.Loop, settings, new MemberIds())], _fixture,
            settings, _fixture.Loop)
        {
            Checkpoints = _checkpoints,
            Log = _ => { },
        };
        _client = new SimConnection(_fixture.Loop);
        _controller = new ControllerShard(
            _fixture.Loop, new Millrace.Core.Controller.Controller(settings, Randomness.Machine), _log, publisher,
            settings, _told.Add);
        _controller.Start(new NodeState(new Uuid(1, 1), new Uuid(2, 2)), new PartitionFolders(_fixture.Disk, _ => { }));
    }

    [Fact]
    public void ASettingIsInForceWhenItsChangeIsAnswered()
    {
        Create("t");

        Assert.Equal(ErrorCode.None, Alter("t", "retention.ms", "5").ErrorCode);

        Assert.Equal(5, _fixture.Topics.Find("t", 0)!.Log.Settings.RetentionMs);
    }

    /// <summary>The metadata log may have room of its own, where there is none for a topic's files.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFullDiskRefusesAllButDeletions(bool isLogFull)
    {
        Create("t");
        (_log.IsFull, _fixture.Disk.IsFull) = (isLogFull, !isLogFull);

        Assert.Equal(ErrorCode.KafkaStorageError, Create("u").ErrorCode);
        Assert.Equal(ErrorCode.KafkaStorageError, Alter("t", "retention.ms", "5").ErrorCode);
        Assert.Null(_fixture.Topics.Find("u"));
        var size = 1;
        _controller.AllocateProducerIds((_, count) => size = count);
        _fixture.Loop.RunPosted();
        Assert.Equal(0, size);
        Assert.Equal(ErrorCode.None, Delete("t"));
        Assert.Null(_fixture.Topics.Find("t"));
        Assert.True(_controller.IsDiskFull);

        (_log.IsFull, _fixture.Disk.IsFull) = (false, false);
        Assert.Equal(ErrorCode.None, Create("u").ErrorCode);
        Assert.False(_controller.IsDiskFull);
        Assert.Equal(
            ["The disk is full: the cluster takes no changes but deletions.", "The cluster takes changes again."],
            _told);
    }

    /// <summary>A crash would give it the former one's recovery point.</summary>
    [Fact]
    public void ATopicIsNotCreatedWhileTheCheckpointsNameAFormerOne()
    {
        Create("t");
        Partition partition = _fixture.Topics.Find("t", 0)!;
        partition.Append(LogFixture.Batch(["v"]), AppendOrigin.Client, LogFixture.Now, new Heard([]));
        partition.Flush();
        _checkpoints.Note(partition.Log, partition.HighWatermark);
        _checkpoints.Write();
        _fixture.Disk.Refuses = path => path.Contains("checkpoint", StringComparison.Ordinal);
        Assert.Equal(ErrorCode.None, Delete("t"));

        Assert.Equal(ErrorCode.KafkaStorageError, Create("t").ErrorCode);

        _fixture.Disk.Refuses = _ => false;
        Assert.Equal(ErrorCode.None, Create("t").ErrorCode);
        Assert.Equal(Offset.None, new LogCheckpoints(_fixture.Disk.Crash()).RecoveryPointOf(partition.Id));
    }

    private CreateTopicsResponse.CreatableTopicResult Create(string name)
    {
        var request = new CreateTopicsRequest
        {
            Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }],
            TimeoutMs = 1000,
        };
        return Ask<CreateTopicsResponse>(ApiKey.CreateTopics, 7, (core, records) => core.CreateTopics(request, records))
            .Topics[0];
    }

    private ErrorCode Delete(string name)
    {
        var request = new DeleteTopicsRequest { TopicNames = [name] };
        return Ask<DeleteTopicsResponse>(
            ApiKey.DeleteTopics, 5, (core, records) => core.DeleteTopics(request, 5, records)).Responses[0].ErrorCode;
    }

    private IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Alter(string topic, string name, string value)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = (sbyte)ConfigResource.Topic,
            ResourceName = topic,
            Configs = [new() { Name = name, Value = value }],
        };
        var request = new IncrementalAlterConfigsRequest { Resources = [resource] };
        return Ask<IncrementalAlterConfigsResponse>(
            ApiKey.IncrementalAlterConfigs, 1, (core, records) => core.AlterConfigs(request, records)).Responses[0];
    }

    private T Ask<T>(ApiKey key, short version, Func<Millrace.Core.Controller.Controller, List<IMessage>, T> decide)
        where T : IMessage
    {
        PendingRequest pending = _client.Request(key, version);
        _controller.Run(pending, decide);
        _fixture.Loop.RunPosted();
        return _client.Answer<T>(pending);
    }

    /// <summary>A log without a disk that can say that it is full.</summary>
    private sealed class FewRecords : IMetadataLog
    {
        public bool IsFull { get; set; }

        public LeaderEpoch LeaderEpoch => LeaderEpoch.Zero;

        public Offset EndOffset { get; private set; } = Offset.Zero;

        public Offset FlushedOffset => EndOffset;

        public bool IsEmpty => true;

        public IEnumerable<IMessage> ReadAll() => [];

        public bool TryAppend(IReadOnlyList<IMessage> records, Instant now, bool isUrgent)
        {
            if (IsFull && !isUrgent)
                return false;
            EndOffset += records.Count;
            return true;
        }

        public void SnapshotIfDue(ClusterImage image, Instant now)
        {
        }

        public void Dispose()
        {
        }
    }
}
