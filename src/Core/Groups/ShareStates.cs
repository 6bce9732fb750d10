using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>A partition as a share group reads it.</summary>
internal readonly record struct SharePartition(string GroupId, Uuid TopicId, int Partition);

/// <summary>How records were delivered: 0 available, 2 acknowledged, 4 archived; and how often.</summary>
internal readonly record struct StateBatch(long FirstOffset, long LastOffset, sbyte DeliveryState, short DeliveryCount)
{
    /// <summary>Whether the next says the same of the offsets that follow.</summary>
    public bool IsGoneOnBy(in StateBatch next) =>
        LastOffset + 1 == next.FirstOffset && DeliveryState == next.DeliveryState
        && DeliveryCount == next.DeliveryCount;
}

/// <summary>
/// How far a share group is with a partition. The batches ascend, do not overlap and begin at the start offset or
/// behind it; a start offset of -1 is not set yet.
/// </summary>
internal sealed record ShareState(
    int SnapshotEpoch,
    int StateEpoch,
    int LeaderEpoch,
    long StartOffset,
    int DeliveryCompleteCount,
    IReadOnlyList<StateBatch> Batches);

/// <summary>
/// The share partitions that fall to one partition of __share_group_state (KIP-932). Only <see cref="Replay"/> changes
/// them: a snapshot says all of a share partition, an update what changed since.
/// </summary>
internal sealed class ShareStates
{
    private const short Snapshot = 0;
    private const short Update = 1;

    /// <summary>What an update does not change.</summary>
    private const int Unchanged = -1;

    private readonly Dictionary<SharePartition, ShareState> _states = [];
    private readonly StringCache _strings = new();

    public IReadOnlyDictionary<SharePartition, ShareState> All => _states;

    /// <summary>Applies one record. Types of records that nobody knows are passed over.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var type = key.Length < sizeof(short) ? (short)-1 : BinaryPrimitives.ReadInt16BigEndian(key.Span);
        if (type is not (Snapshot or Update))
            return;
        var reader = new WireReader(MemoryMarshal.AsMemory(key)[sizeof(short)..], _strings);
        var stored = reader.Struct<ShareSnapshotKey>(0); // both keys are alike
        var partition = new SharePartition(stored.GroupId, stored.TopicId, stored.Partition);
        if (value is { } bytes)
            Apply(type, partition, bytes);
        else if (type == Snapshot)
            _states.Remove(partition);
    }

    private void Apply(short type, in SharePartition partition, ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(bytes));
        if (reader.Int16() is not 0 and var version)
            throw new MalformedFrameException($"A share group record has the unknown version {version}.");
        if (type == Snapshot)
            _states[partition] = Read(reader.Struct<ShareSnapshotValue>(0));
        else if (_states.TryGetValue(partition, out var state))
            _states[partition] = Apply(state, reader.Struct<ShareUpdateValue>(0));
    }

    private static ShareState Read(ShareSnapshotValue value) => new(
        value.SnapshotEpoch,
        value.StateEpoch,
        value.LeaderEpoch,
        value.StartOffset,
        value.DeliveryCompleteCount,
        [.. value.StateBatches.Select(batch => new StateBatch(
            batch.FirstOffset, batch.LastOffset, batch.DeliveryState, batch.DeliveryCount))]);

    private static ShareState Apply(ShareState state, ShareUpdateValue update)
    {
        var start = update.StartOffset == Unchanged ? state.StartOffset : update.StartOffset;
        IReadOnlyList<StateBatch> batches = state.Batches;
        foreach (var batch in update.StateBatches)
            batches = Overlay(batches, new StateBatch(
                batch.FirstOffset, batch.LastOffset, batch.DeliveryState, batch.DeliveryCount));
        return state with
        {
            LeaderEpoch = update.LeaderEpoch == Unchanged ? state.LeaderEpoch : update.LeaderEpoch,
            StartOffset = start,
            DeliveryCompleteCount = update.DeliveryCompleteCount == Unchanged
                ? state.DeliveryCompleteCount
                : update.DeliveryCompleteCount,
            Batches = Joined(batches, start),
        };
    }

    /// <summary>The newer batch covers what the older ones say of its offsets.</summary>
    private static List<StateBatch> Overlay(IReadOnlyList<StateBatch> batches, in StateBatch newer)
    {
        var (first, last, _, _) = newer;
        List<StateBatch> result = [newer];
        foreach (var batch in batches)
        {
            if (batch.FirstOffset < first)
                result.Add(batch with { LastOffset = Math.Min(batch.LastOffset, first - 1) });
            if (batch.LastOffset > last)
                result.Add(batch with { FirstOffset = Math.Max(batch.FirstOffset, last + 1) });
        }

        return result;
    }

    /// <summary>In order, from the start offset on, neighbours that say the same made one.</summary>
    private static List<StateBatch> Joined(IReadOnlyList<StateBatch> batches, long start)
    {
        List<StateBatch> result = [];
        foreach (var batch in batches.Where(batch => batch.LastOffset >= start).OrderBy(batch => batch.FirstOffset))
        {
            var next = batch with { FirstOffset = Math.Max(batch.FirstOffset, start) };
            if (result.Count > 0 && result[^1].IsGoneOnBy(next))
                result[^1] = result[^1] with { LastOffset = next.LastOffset };
            else
                result.Add(next);
        }

        return result;
    }
}
