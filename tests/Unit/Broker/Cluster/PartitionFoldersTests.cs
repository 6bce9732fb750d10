using System.Text;
using Millrace.Broker.Cluster;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>Folders that agree with the metadata, and those that don't.</summary>
public sealed class PartitionFoldersTests
{
    private static readonly Uuid Orders = new(1, 1);
    private static readonly Uuid Gone = new(2, 2);

    private readonly SimDisk _disk = new();
    private readonly List<string> _told = [];

    [Fact]
    public void WhatTheMetadataDoesNotKnowIsPutAside()
    {
        Folder("orders-0", Orders);
        Folder("orders-1", Orders);
        Folder("orders-2", new Uuid(3, 3));
        Folder("lost-0", new Uuid(4, 4));
        Folder("gone-0", Gone);
        Folder("new-0", Uuid.Zero);
        Folder("away-0.0123456789abcdef0123456789abcdef-delete", Gone);
        Folder("not-a-partition", Uuid.Zero);
        var image = Image("orders", Orders, 2);

        new PartitionFolders(_disk, _told.Add).PutInOrder(image, new HashSet<Uuid> { Gone });

        Assert.Equal(
            [
                "lost-0.00000000000000040000000000000004-stray", "new-0.00000000000000000000000000000000-stray",
                "not-a-partition", "orders-0", "orders-1", "orders-2.00000000000000030000000000000003-stray",
            ],
            _disk.List("").Order(StringComparer.Ordinal));
        Assert.Equal(3, _told.Count);
        Assert.Contains(_told, line => line.StartsWith(
            "The metadata does not know new-0 (no topic id)", StringComparison.Ordinal));
    }

    [Fact]
    public void ADamagedIdIsMended()
    {
        Folder("orders-0", Orders with { Low = Orders.Low ^ 0x3f });

        new PartitionFolders(_disk, _told.Add).PutInOrder(Image("orders", Orders, 1), new HashSet<Uuid>());

        Assert.Equal(Orders, PartitionMetadata.Read(_disk, "orders-0"));
        Assert.Contains("orders-0/partition.metadata was damaged", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutAnIdIsItsTopics()
    {
        Folder("orders-0", Uuid.Zero);

        new PartitionFolders(_disk, _told.Add).PutInOrder(Image("orders", Orders, 1), new HashSet<Uuid>());

        Assert.True(_disk.Exists("orders-0"));
        Assert.Empty(_told);
    }

    [Fact]
    public void FoldersWithoutMetadataAreAdopted()
    {
        Folder("a.b_c-0", Uuid.Zero);
        Folder("a.b_c-2", Uuid.Zero);
        Folder("__consumer_offsets-0", Uuid.Zero);
        Folder("compacted-0", Orders);
        Text("compacted-0/leader-epoch-checkpoint", "0\n2\n0 0\n3 10\n");
        Text("cleaner-offset-checkpoint", "0\n1\ncompacted 0 5\n");

        var adopted = new PartitionFolders(_disk, _told.Add).Adopt();

        Assert.Equal(["__consumer_offsets", "a.b_c", "compacted"], adopted.Select(topic => topic.Name));
        Assert.Equal([1, 3, 1], adopted.Select(topic => topic.Epochs.Length));
        Assert.Equal("compact", adopted[0].Configs["cleanup.policy"]);
        Assert.Equal("-1", adopted[1].Configs["retention.ms"]);
        Assert.Equal("compact", adopted[2].Configs["cleanup.policy"]);
        Assert.Equal(3, adopted[2].Epochs[0].Value);
        Assert.Equal(Orders, adopted[2].Id);
        Assert.Contains(
            _told, line => line.Contains("a.b_c has no folder of the partitions 1", StringComparison.Ordinal));
    }

    private void Folder(string name, Uuid topicId)
    {
        _disk.CreateDirectory(name);
        if (!topicId.IsZero)
            PartitionMetadata.Write(_disk, name, topicId);
    }

    private void Text(string path, string text) => _disk.SetContent(path, Encoding.UTF8.GetBytes(text));

    private static ClusterImage Image(string name, Uuid id, int partitions) =>
        Enumerable.Range(0, partitions).Aggregate(
            ClusterImage.Empty.Replay(new TopicRecord { Name = name, TopicId = id }),
            (image, number) => image.Replay(new PartitionRecord { TopicId = id, PartitionId = number }));
}
