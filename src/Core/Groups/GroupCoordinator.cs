using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Share;
using Millrace.Core.Groups.Streams;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>
/// The coordinator of the groups whose ids fall to one partition of __consumer_offsets, and of their offsets. It serves
/// classic groups itself, consumer groups by <see cref="ConsumerGroups"/>, share groups by
/// <see cref="Share.ShareGroups"/>, streams groups by <see cref="StreamsGroups"/>. A pure core: the shell serialises
/// the calls, appends the records of <see cref="Effects"/> as one batch, calls <see cref="Replay"/> for each and sends
/// the replies when they are due.
/// </summary>
/// <remarks>
/// <para>Joins wait until all members rejoined, syncs until the leader's assignment is in the log (KIP-62, 345, 394).
/// </para>
/// <para>1. Offsets and stored group metadata change in <see cref="Replay"/> only, live and on load alike.</para>
/// <para>2. A call that yields records is followed by their replay before the next call. If the append fails, the
/// shell answers the call's replies with <see cref="GroupErrors.Fail"/>, those that wait with <see cref="Resign"/>, and
/// loads a new coordinator from the log.</para>
/// <para>3. Reads see what was replayed, committed or not; an answer built from a read that must not be undone by a
/// crash is sent as if <see cref="CoordinatorReply.AfterCommit"/>.</para>
/// <para>4. Nothing that a request holds as bytes is kept without a copy.</para>
/// <para>5. A group id is that of one group, of one kind.</para>
/// <para>6. An offset that was committed in a transaction counts once the transaction's marker was replayed; of two
/// offsets for a partition that counts which stands later in the log, wherever the markers stand.</para>
/// </remarks>
internal sealed partial class GroupCoordinator : ICoordinatorCore
{
    private readonly GroupSettings _settings;
    private readonly IMemberIds _ids;
    private readonly GroupTable _table = new();
    private readonly ConsumerGroups _consumers;
    private readonly ShareGroups _shares;
    private readonly StreamsGroups _streams;
    private readonly CommittedOffsets _offsets = new();
    private readonly PendingOffsets _pending = new();
    private readonly StringCache _strings = new();
    private readonly Queue<string> _uncleaned = new();
    private Instant _nextCleanup = Instant.Never;
    private long _replayed;

    public GroupCoordinator(GroupSettings settings, IMemberIds ids, ClusterImage? image = null)
    {
        _settings = settings;
        _ids = ids;
        _table.Image = image ?? ClusterImage.Empty;
        _consumers = new ConsumerGroups(_table, settings, ids);
        _shares = new ShareGroups(_table, settings);
        _streams = new StreamsGroups(_table, settings);
    }

    public static string Kept => "groups";

    /// <summary>Groups of this shard, those with offsets only included.</summary>
    public int GroupCount => _table.Count;

    /// <summary>
    /// Applies one record, with the producer whose transaction it is part of, if any. Types of records that nobody
    /// knows are passed over.
    /// </summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public void Replay(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, long transactionOf = ICoordinatorCore.NoProducerId)
    {
        _replayed++;
        var type = GroupRecords.TypeOf(key);
        switch (type)
        {
            case GroupRecords.LegacyOffsetCommit or GroupRecords.OffsetCommit:
                var commit = GroupRecords.ReadKey<OffsetCommitKey>(key, _strings);
                ReplayOffset(new OffsetKey(commit.Group, commit.Topic, commit.Partition), value, transactionOf);
                break;
            case GroupRecords.GroupMetadata:
                ReplayGroup(GroupRecords.ReadKey<GroupMetadataKey>(key, _strings).Group, value);
                break;
            case var _ when GroupRecords.GroupOf(type) == GroupType.Consumer:
                if (_consumers.Replay(type, key, value))
                    Forget(GroupRecords.ReadNames(key, _strings).Group);
                break;
            case var _ when GroupRecords.GroupOf(type) == GroupType.Share:
                if (_shares.Replay(type, key, value))
                    Forget(GroupRecords.ReadNames(key, _strings).Group);
                break;
            case var _ when GroupRecords.GroupOf(type) == GroupType.Streams:
                if (_streams.Replay(type, key, value))
                    Forget(GroupRecords.ReadNames(key, _strings).Group);
                break;
        }
    }

    /// <summary>Applies a transaction's marker: what the producer committed counts now, or never did.</summary>
    public void ReplayEndTransaction(long producerId, bool isCommit)
    {
        foreach (var (key, offset) in _pending.Take(producerId))
        {
            if (!isCommit || (_offsets.TryGet(key, out var present) && present.Order > offset.Order))
                continue;
            KeepGroup(key.Group);
            _offsets.Put(key, offset);
        }
    }

    /// <summary>Begins service after the log was replayed: every stored member gets a full session.</summary>
    public void Start(Instant now)
    {
        foreach (var group in _table.Groups.OfType<ClassicGroup>())
            foreach (var member in group.Members)
                RenewSession(group, member, now);
        _consumers.Start(now);
        _shares.Start(now);
        _streams.Start(now);
        _nextCleanup = now + _settings.OffsetsRetentionCheckIntervalMs;
    }

    /// <summary>The cluster's topics and settings are these from now on.</summary>
    public void OnMetadata(ClusterImage image, Instant now)
    {
        if (ReferenceEquals(image, _table.Image))
            return;
        _table.Image = image;
        _consumers.OnMetadata(now);
    }

    /// <summary>Answers everything that waits; the coordinator is not used any more.</summary>
    public void Resign(ErrorCode error, Effects effects)
    {
        foreach (var group in _table.Groups.OfType<ClassicGroup>())
            foreach (var member in group.Members)
                GroupReplies.Dismiss(group, member, error, effects);
    }

    public static void Fail(IMessage response, ErrorCode error) => GroupErrors.Fail(response, error);

    private void ReplayOffset(in OffsetKey key, ReadOnlyMemory<byte>? value, long transactionOf)
    {
        if (value is not { } bytes)
        {
            _offsets.Remove(key);
            _pending.Remove(key);
            return;
        }

        var commit = GroupRecords.ReadValue<OffsetCommitValue>(bytes, OffsetCommitValue.HighestVersion, _strings);
        var offset = new CommittedOffset(
            commit.Offset,
            commit.LeaderEpoch,
            commit.Metadata,
            new Instant(commit.CommitTimestamp),
            commit.ExpireTimestamp < 0 ? Instant.Never : new Instant(commit.ExpireTimestamp),
            commit.TopicId)
        {
            Order = _replayed,
        };
        KeepGroup(key.Group);
        if (transactionOf == ICoordinatorCore.NoProducerId)
            _offsets.Put(key, offset);
        else
            _pending.Put(transactionOf, key, offset);
    }

    private void ReplayGroup(string groupId, ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes)
        {
            var group = GroupRecords.ReadValue<GroupMetadataValue>(bytes, GroupMetadataValue.HighestVersion, _strings);
            GetOrAdd(groupId).Adopt(group);
        }
        else if (_table.Find<ClassicGroup>(groupId) is not null)
        {
            Forget(groupId);
        }
    }

    private ClassicGroup GetOrAdd(string groupId) => _table.GetOrAdd(groupId, id => new ClassicGroup(id));

    /// <summary>A group goes; one that had offsets leaves a holder of them behind.</summary>
    private void Forget(string groupId)
    {
        _table.Remove(groupId);
        if (!_table.TryAddDraft<ClassicGroup>(groupId) && HasOffsets(groupId))
            GetOrAdd(groupId);
    }

    /// <summary>Whose offsets are known is a group: a classic one unless its records say otherwise.</summary>
    private void KeepGroup(string groupId)
    {
        if (_table.Find(groupId) is null)
            GetOrAdd(groupId);
    }

    /// <summary>Whether the group has offsets, be they committed or pending.</summary>
    private bool HasOffsets(string groupId) => _offsets.Has(groupId) || _pending.Has(groupId);

    private void RenewSession(ClassicGroup group, ClassicMember member, Instant now)
    {
        member.SessionEnd = now + member.SessionTimeoutMs;
        _table.Arm(group, member.SessionEnd);
    }
}
