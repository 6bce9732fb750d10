using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// The share partitions that fall to one partition of __share_group_state (KIP-932). Only <see cref="Replay"/> changes
/// them: a snapshot says all of a share partition, an update what changed since.
/// </summary>
internal sealed class ShareStates
{
    private readonly Dictionary<SharePartitionKey, ShareState> _states = [];
    private readonly StringCache _strings = new();

    public IReadOnlyDictionary<SharePartitionKey, ShareState> All => _states;

    public ShareState? Find(in SharePartitionKey key) => _states.GetValueOrDefault(key);

    /// <summary>Applies one record. Types of records that nobody knows are passed over.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var type = key.Length < sizeof(short) ? (short)-1 : BinaryPrimitives.ReadInt16BigEndian(key.Span);
        if (type is not (ShareRecords.Snapshot or ShareRecords.Update))
            return;
        var reader = new WireReader(MemoryMarshal.AsMemory(key)[sizeof(short)..], _strings);
        var stored = reader.Struct<ShareSnapshotKey>(0); // both keys are alike
        var partition = new SharePartitionKey(stored.GroupId, stored.TopicId, stored.Partition);
        if (value is { } bytes)
            Apply(type, partition, bytes);
        else if (type == ShareRecords.Snapshot)
            _states.Remove(partition);
    }

    private void Apply(short type, in SharePartitionKey partition, ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(bytes));
        if (reader.Int16() is not 0 and var version)
            throw new MalformedFrameException($"A share group record has the unknown version {version}.");
        if (type == ShareRecords.Snapshot)
            _states[partition] = ShareRecords.Read(reader.Struct<ShareSnapshotValue>(0));
        else if (_states.TryGetValue(partition, out var state))
            _states[partition] = Apply(state, reader.Struct<ShareUpdateValue>(0));
    }

    private static ShareState Apply(ShareState state, ShareUpdateValue update) =>
        state.With(update.LeaderEpoch, ShareRecords.Read(update)) with { Updates = state.Updates + 1 };
}
