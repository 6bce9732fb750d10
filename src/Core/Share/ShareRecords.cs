using Millrace.Core.Coordinators;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Share;

/// <summary>The records of __share_group_state: a key is an int16 type and a structure, a value likewise.</summary>
internal static class ShareRecords
{
    public const short Snapshot = 0;
    public const short Update = 1;

    public static void Store(Effects effects, in SharePartitionKey key, ShareState state) =>
        effects.Append(Snapshot, Key(key), 0, new ShareSnapshotValue
        {
            SnapshotEpoch = state.SnapshotEpoch,
            StateEpoch = state.StateEpoch,
            LeaderEpoch = state.LeaderEpoch,
            StartOffset = state.StartOffset,
            DeliveryCompleteCount = state.DeliveryCompleteCount,
            CreateTimestamp = state.CreateTimestamp,
            WriteTimestamp = state.WriteTimestamp,
            StateBatches = [.. state.Batches.Select(batch => new ShareSnapshotValue.StateBatch
            {
                FirstOffset = batch.FirstOffset,
                LastOffset = batch.LastOffset,
                DeliveryState = (sbyte)batch.State,
                DeliveryCount = batch.DeliveryCount,
            })],
        });

    public static void Store(
        Effects effects, in SharePartitionKey key, int snapshotEpoch, int leaderEpoch, StateChange change)
    {
        var update = new ShareUpdateKey { GroupId = key.GroupId, TopicId = key.TopicId, Partition = key.Partition };
        effects.Append(Update, update, 0, new ShareUpdateValue
        {
            SnapshotEpoch = snapshotEpoch,
            LeaderEpoch = leaderEpoch,
            StartOffset = change.StartOffset,
            DeliveryCompleteCount = change.DeliveryCompleteCount,
            StateBatches = [.. change.Batches.Select(batch => new ShareUpdateValue.StateBatch
            {
                FirstOffset = batch.FirstOffset,
                LastOffset = batch.LastOffset,
                DeliveryState = (sbyte)batch.State,
                DeliveryCount = batch.DeliveryCount,
            })],
        });
    }

    public static void Delete(Effects effects, in SharePartitionKey key) =>
        effects.Append(Snapshot, Key(key), 0, null);

    public static ShareState Read(ShareSnapshotValue value) => new(
        value.SnapshotEpoch,
        value.StateEpoch,
        value.LeaderEpoch,
        value.StartOffset,
        value.DeliveryCompleteCount,
        [.. value.StateBatches.Select(batch => new StateBatch(
            batch.FirstOffset, batch.LastOffset, (RecordState)batch.DeliveryState, batch.DeliveryCount))])
    {
        CreateTimestamp = value.CreateTimestamp,
        WriteTimestamp = value.WriteTimestamp,
    };

    public static StateChange Read(ShareUpdateValue value) => new(
        value.StartOffset,
        value.DeliveryCompleteCount,
        [.. value.StateBatches.Select(batch => new StateBatch(
            batch.FirstOffset, batch.LastOffset, (RecordState)batch.DeliveryState, batch.DeliveryCount))]);

    private static ShareSnapshotKey Key(in SharePartitionKey key) =>
        new() { GroupId = key.GroupId, TopicId = key.TopicId, Partition = key.Partition };
}
