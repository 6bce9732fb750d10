using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Share;

/// <summary>How far share groups are, by the <c>__share_group_state</c> of Kafka and by made-up records.</summary>
public sealed class ShareStatesTests
{
    private static readonly Uuid Topic = new(1, 2);

    [Theory]
    [InlineData(KafkaArchive.Stopped)]
    [InlineData(KafkaArchive.Killed)]
    public void OffsetsOfShareGroupsAreThoseThatKafkaReads(string name)
    {
        var directory = new KafkaDirectory(name);
        var ends = directory.Archive.Expected("offsets");
        var expected = directory.Archive.Expected("group-offsets").GetProperty("group-share").EnumerateObject().Select(
            partition => $"{partition.Name} from {partition.Value.GetProperty("startOffset")}"
                + $" epoch {partition.Value.GetProperty("leaderEpoch")} lag {partition.Value.GetProperty("lag")}");

        var states = new ShareStates();
        for (var partition = 0; partition < 2; partition++)
        {
            LogRecords.Replay(
                directory.Open(new(TopicName.ShareGroupState, partition)),
                record => states.Replay(record.Key!.Value, record.Value),
                _ => { });
        }

        const int End = 50; // of both partitions of the topic
        Assert.Equal(End, ends.GetProperty("shared-0").GetProperty("endOffset").GetInt64());
        Assert.Equal(expected, states.All.OrderBy(state => state.Key.Partition).Select(state =>
            $"shared-{state.Key.Partition} from {state.Value.StartOffset} epoch {state.Value.LeaderEpoch} "
            + $"lag {End - state.Value.StartOffset - state.Value.DeliveryCompleteCount}"));
        Assert.All(states.All, state => Assert.Equal("group-share", state.Key.GroupId));
    }

    [Fact]
    public void AnUpdateCoversWhatItNames()
    {
        var states = new ShareStates();
        Snapshot(states, start: 10, (10, 19, 0, 1), (20, 29, 2, 1));

        Update(states, start: -1, (15, 22, 2, 1), (30, 30, 4, 5));

        Assert.Equal(
            [new(10, 14, RecordState.Available, 1), new(15, 29, RecordState.Acknowledged, 1),
                new StateBatch(30, 30, RecordState.Archived, 5)],
            Assert.Single(states.All).Value.Batches);
    }

    [Fact]
    public void WhatLiesBelowTheStartIsGone()
    {
        var states = new ShareStates();
        Snapshot(states, start: 0, (0, 9, 2, 1), (10, 19, 0, 1));

        Update(states, start: 15, (16, 16, 4, 2));

        var state = Assert.Single(states.All).Value;
        Assert.Equal(15, state.StartOffset);
        Assert.Equal(3, state.LeaderEpoch);
        Assert.Equal(
            [new(15, 15, RecordState.Available, 1), new(16, 16, RecordState.Archived, 2),
                new StateBatch(17, 19, RecordState.Available, 1)], state.Batches);
    }

    [Fact]
    public void ADeletedSnapshotEndsTheState()
    {
        var states = new ShareStates();
        Snapshot(states, start: 0);
        states.Replay(Key(0), null);
        Assert.Empty(states.All);

        Update(states, start: 1);
        Assert.Empty(states.All);
        states.Replay(new byte[] { 0, 9 }, new byte[] { 1 });
        Assert.Throws<MalformedFrameException>(() => states.Replay(Key(0), new byte[] { 0, 1 }));
    }

    private static void Snapshot(ShareStates states, long start, params (long, long, sbyte, short)[] batches) =>
        states.Replay(Key(0), Bytes(0, new ShareSnapshotValue
        {
            LeaderEpoch = 3,
            StartOffset = start,
            StateBatches = [.. batches.Select(batch => new ShareSnapshotValue.StateBatch
            {
                FirstOffset = batch.Item1, LastOffset = batch.Item2, DeliveryState = batch.Item3,
                DeliveryCount = batch.Item4,
            })],
        }));

    private static void Update(ShareStates states, long start, params (long, long, sbyte, short)[] batches) =>
        states.Replay(Key(1), Bytes(0, new ShareUpdateValue
        {
            LeaderEpoch = -1,
            StartOffset = start,
            StateBatches = [.. batches.Select(batch => new ShareUpdateValue.StateBatch
            {
                FirstOffset = batch.Item1, LastOffset = batch.Item2, DeliveryState = batch.Item3,
                DeliveryCount = batch.Item4,
            })],
        }));

    private static byte[] Key(short type) => Bytes(type, new ShareSnapshotKey { GroupId = "g", TopicId = Topic });

    private static byte[] Bytes(short first, IMessage message)
    {
        using var writer = new WireWriter();
        writer.Int16(first);
        message.Write(writer, 0);
        return writer.Written.ToArray();
    }
}
