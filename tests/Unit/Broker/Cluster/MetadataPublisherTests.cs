using System.Collections.Immutable;
using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Io;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>What the disk refuses of one topic, and what becomes of the others.</summary>
public sealed class MetadataPublisherTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly List<string> _told = [];
    private readonly MetadataPublisher _publisher;
    private SimDisk Disk => _fixture.Disk;

    public MetadataPublisherTests()
    {
        var settings = new BrokerSettings([]);
        _fixture.Topics.Remove(_fixture.Topics.Find("orders")!);
        _publisher = new MetadataPublisher(
            Disk, _fixture.Topics, [new GroupCoordinators(_fixture.Loop, settings, new MemberIds())], _fixture,
            settings, _fixture.Loop)
        {
            Checkpoints = new LogCheckpoints(Disk),
            Log = _told.Add,
        };
    }

    [Fact]
    public void ATopicThatCantBeOpenedIsToldAndTriedAgain()
    {
        var image = ClusterImage.Empty.With(Topic("a", 1)).With(Topic("b", 2)).With(Topic("c", 3));
        Disk.Refuses = path => path.StartsWith("b-1/", StringComparison.Ordinal);

        _publisher.Publish(image);

        Assert.StartsWith("b can't be opened: b-1/", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Equal(["a", "c"], _fixture.Topics.Topics.Select(topic => topic.Name).Order());
        Assert.True(_publisher.HasFailed);
        _publisher.Publish(image);
        Assert.Single(_told);
        Disk.Refuses = _ => false;
        _publisher.Publish(image);
        Assert.Equal("b is open.", _told[^1]);
        Assert.Equal(2, _fixture.Topics.Find("b")!.Partitions.Length);
        Assert.False(_publisher.HasFailed);
    }

    [Fact]
    public void APartitionThatCantBeDeletedLeavesTheOthersDeleted()
    {
        _publisher.Publish(ClusterImage.Empty.With(Topic("a", 1)).With(Topic("b", 2)));
        Disk.Refuses = path => path.StartsWith("a-0", StringComparison.Ordinal);

        _publisher.Publish(ClusterImage.Empty);

        Assert.StartsWith("a-0 can't be deleted: a-0.", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Empty(_fixture.Topics.Topics);
        Assert.False(Disk.Exists("a-1"));
        Assert.False(Disk.Exists("b-0"));
    }

    [Fact]
    public void ADeletedTopicLeavesNoRecoveryPoint()
    {
        var image = ClusterImage.Empty.With(Topic("a", 1));
        _publisher.Publish(image);
        var partition = _fixture.Topics.Find("a", 0)!;
        partition.Append(LogFixture.Batch(["v"]), AppendOrigin.Client, LogFixture.Now, new Heard([]));
        partition.Log.WriteCheckpoint(partition.Log.BeginCheckpoint()!);
        _publisher.Checkpoints.Note(partition.Log, partition.HighWatermark);
        _publisher.Checkpoints.Write();
        Assert.Equal(1, RecoveryPoint(Disk).Value);

        _publisher.Publish(ClusterImage.Empty);

        Assert.Equal(Offset.Zero, RecoveryPoint(Disk.Crash()));
    }

    [Fact]
    public void RoomIsThereWhenTheDiskHasItAndNothingIsLeftOfAsking()
    {
        Assert.True(_publisher.HasRoom(1));
        Disk.Capacity = 1 << 20;
        Assert.True(_publisher.HasRoom(1));
        Assert.False(_publisher.HasRoom(100));
        Disk.IsFull = true;
        Assert.False(_publisher.HasRoom(0));
        Assert.DoesNotContain("room.tmp", Disk.List(""));
    }

    private static Offset RecoveryPoint(SimDisk disk) =>
        new LogCheckpoints(disk).Opening(new TopicPartition("a", 0), false, _ => { }).RecoveryPoint;

    private static TopicImage Topic(string name, ulong id)
    {
        var partition = new PartitionImage(1, LeaderEpoch.Zero, [1], [1]);
        return new TopicImage(
            name, new Uuid(id, id), [partition, partition], ImmutableSortedDictionary<string, string>.Empty);
    }
}
