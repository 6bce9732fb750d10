using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller;

/// <summary>What a node decides that takes up the metadata.</summary>
public sealed class ActivationTests
{
    private const int Node = 1;

    private static readonly Uuid Directory = new(5, 5);
    private static readonly Uuid Topic = new(7, 7);

    private readonly List<IMessage> _before =
    [
        .. FeaturesImage.OfNewCluster.Records(), new TopicRecord { Name = "t", TopicId = Topic },
    ];

    [Fact]
    public void ANewClusterGetsItsFeaturesAndItsBroker()
    {
        var image = Activate([], new NodeState(Directory, new Uuid(6, 6)) { IsLogEmpty = true, LogEndOffset = 1 });

        Assert.Equal(33, image.Features.Levels[FeaturesImage.MetadataVersion]);
        Assert.Equal("1", image.Configs.OfAllBrokers["min.insync.replicas"]);
        var broker = image.Brokers.Brokers[Node];
        Assert.False(broker.IsFenced);
        Assert.Equal([Directory], broker.LogDirs);
        Assert.Equal(1 + image.Features.Levels.Count + 1, broker.Epoch);
    }

    [Fact]
    public void WhatTheSnapshotBeganWithIsInTheLogToo()
    {
        var user = new UserScramCredentialRecord { Name = "admin", Mechanism = 2, Iterations = 4096 };

        var records = Decide(
            [.. FeaturesImage.OfNewCluster.Records(), user],
            new NodeState(Directory, new Uuid(6, 6)) { IsLogEmpty = true });

        Assert.Contains(records, record => record is UserScramCredentialRecord { Name: "admin" });
        Assert.Equal(6, records.Count(record => record is FeatureLevelRecord));
    }

    [Theory]
    [InlineData(true, 4)]
    [InlineData(false, 5)]
    public void AnUncleanStopBeginsNewLeaderEpochs(bool wasClean, int expected)
    {
        _before.Add(Partition(leader: Node, isr: [Node]));

        var partition = Activate(_before, State(wasClean)).Find(Topic)!.Partitions[0];

        Assert.Equal(new LeaderEpoch(expected), partition.LeaderEpoch);
    }

    [Fact]
    public void APartitionWithoutALeaderGetsThisNode()
    {
        var record = Partition(leader: -1, isr: []);
        record.EligibleLeaderReplicas = [Node];
        record.LastKnownElr = [Node];
        record.Directories = [Uuid.Zero];
        _before.Add(record);

        var partition = Activate(_before, State(wasClean: true)).Find(Topic)!.Partitions[0];

        Assert.Equal(Node, partition.Leader);
        Assert.Equal(new LeaderEpoch(5), partition.LeaderEpoch);
        Assert.Equal([Node], partition.Isr);
        Assert.Equal([Directory], partition.Directories);
        Assert.Empty(partition.EligibleLeaderReplicas);
        Assert.Empty(partition.LastKnownElr);
    }

    [Fact]
    public void AReplicaInSyncBecomesTheOnlyOne()
    {
        _before.Add(Partition(leader: 2, isr: [Node, 2], replicas: [2, Node, 3]));

        var partition = Activate(_before, State(wasClean: true)).Find(Topic)!.Partitions[0];

        Assert.Equal([Node], partition.Replicas);
        Assert.Equal([Node], partition.Isr);
        Assert.Equal(Node, partition.Leader);
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, "are on the brokers 2, 3")]
    [InlineData(new[] { 1, 2 }, "is not in sync for t-0")]
    public void RecordsThatAreElsewhereAreNotMissed(int[] replicas, string reason)
    {
        _before.Add(Partition(leader: 2, isr: [2], replicas: replicas));

        var refusal = Assert.Throws<UnservableMetadataException>(() => Activate(_before, State(wasClean: true)));

        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAControllerLeftOpenIsAborted()
    {
        _before.Add(new BeginTransactionRecord());
        _before.Add(new TopicRecord { Name = "half", TopicId = new Uuid(8, 8) });

        var image = Activate(_before, State(wasClean: true));

        Assert.Null(image.Find("half"));
    }

    [Fact]
    public void FoldersWithoutMetadataBecomeTopics()
    {
        var configs = ImmutableSortedDictionary<string, string>.Empty.Add("cleanup.policy", "compact");
        var adopted = new AdoptedTopic("old", Uuid.Zero, [new LeaderEpoch(3), LeaderEpoch.None], configs);

        var image = Activate([], State(wasClean: true) with { IsLogEmpty = true, Adopted = [adopted] });

        var topic = image.Find("old")!;
        Assert.False(topic.Id.IsZero);
        Assert.Equal([4, 0], topic.Partitions.Select(partition => partition.LeaderEpoch.Value));
        Assert.Equal(configs, topic.Configs);
    }

    private static NodeState State(bool wasClean) =>
        new(Directory, new Uuid(6, 6)) { WasCleanlyShutDown = wasClean, LogEndOffset = 100 };

    private static PartitionRecord Partition(int leader, List<int> isr, IEnumerable<int>? replicas = null) => new()
    {
        PartitionId = 0,
        TopicId = Topic,
        Leader = leader,
        LeaderEpoch = 4,
        PartitionEpoch = 9,
        Replicas = [.. replicas ?? [Node]],
        Isr = isr,
        Directories = [Directory],
    };

    private static List<IMessage> Decide(List<IMessage> before, NodeState node)
    {
        var controller = New(before);
        var records = new List<IMessage>();
        controller.Activate(node, records);
        return records;
    }

    private static ClusterImage Activate(List<IMessage> before, NodeState node)
    {
        var controller = New(before);
        var records = new List<IMessage>();
        controller.Activate(node, records);
        foreach (var record in records)
            controller.Replay(record);
        return controller.Image;
    }

    private static Millrace.Core.Controller.Controller New(List<IMessage> before)
    {
        var controller = new Millrace.Core.Controller.Controller(new BrokerSettings([]), new OneUuid());
        foreach (var record in before)
            controller.Replay(record);
        return controller;
    }

    private sealed class OneUuid : IRandomness
    {
        public Uuid NewUuid() => new(1, 2);
    }
}
