using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>
/// The coordinator of the classic consumer groups whose ids fall to one partition of __consumer_offsets, and of their
/// offsets. A pure core: the shell serialises the calls, appends the records of <see cref="Effects"/> as one batch,
/// calls <see cref="Replay"/> for each and sends the replies when they are due.
/// </summary>
/// <remarks>
/// <para>Joins wait until all members rejoined, syncs until the leader's assignment is in the log (KIP-62, 345, 394).
/// </para>
/// <para>1. Offsets and stored group metadata change in <see cref="Replay"/> only, live and on load alike.</para>
/// <para>2. A call that yields records is followed by their replay before the next call. If the append fails, the
/// shell answers the call's replies with <see cref="GroupErrors.Fail"/>, those that wait with <see cref="Resign"/>, and
/// loads a new coordinator from the log.</para>
/// <para>3. Reads see what was replayed, committed or not; an answer built from a read that must not be undone by a
/// crash is sent as if <see cref="GroupReply.AfterCommit"/>.</para>
/// <para>4. Nothing that a request holds as bytes is kept without a copy.</para>
/// </remarks>
internal sealed partial class GroupCoordinator(GroupSettings settings, IMemberIds ids)
{
    private readonly Dictionary<string, ClassicGroup> _groups = [];
    private readonly CommittedOffsets _offsets = new();
    private readonly StringCache _strings = new();
    private readonly PriorityQueue<ClassicGroup, Instant> _deadlines = new();
    private readonly Queue<string> _uncleaned = new();
    private Instant _nextCleanup = Instant.Never;

    /// <summary>Groups of this shard, those with offsets only included.</summary>
    public int GroupCount => _groups.Count;

    /// <summary>Applies one record. Records of other kinds of groups are passed over.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        switch (GroupRecords.TypeOf(key))
        {
            case GroupRecords.LegacyOffsetCommit or GroupRecords.OffsetCommit:
                ReplayOffset(GroupRecords.ReadKey<OffsetCommitKey>(key, _strings), value);
                break;
            case GroupRecords.GroupMetadata:
                ReplayGroup(GroupRecords.ReadKey<GroupMetadataKey>(key, _strings).Group, value);
                break;
        }
    }

    /// <summary>Begins service after the log was replayed: every stored member gets a full session.</summary>
    public void Start(Instant now)
    {
        foreach (var group in _groups.Values)
            foreach (var member in group.Members)
                RenewSession(group, member, now);
        _nextCleanup = now + settings.OffsetsRetentionCheckIntervalMs;
    }

    /// <summary>Answers everything that waits; the coordinator is not used any more.</summary>
    public void Resign(ErrorCode error, Effects effects)
    {
        foreach (var group in _groups.Values)
            foreach (var member in group.Members)
                Dismiss(group, member, error, effects);
    }

    private void ReplayOffset(OffsetCommitKey key, ReadOnlyMemory<byte>? value)
    {
        if (value is not { } bytes)
        {
            _offsets.Remove(key.Group, key.Topic, key.Partition);
            return;
        }

        var commit = GroupRecords.ReadValue<OffsetCommitValue>(bytes, OffsetCommitValue.HighestVersion, _strings);
        GetOrAdd(key.Group);
        _offsets.Put(key.Group, key.Topic, key.Partition, new CommittedOffset(
            commit.Offset,
            commit.LeaderEpoch,
            commit.Metadata,
            new Instant(commit.CommitTimestamp),
            commit.ExpireTimestamp < 0 ? Instant.Never : new Instant(commit.ExpireTimestamp),
            commit.TopicId));
    }

    private void ReplayGroup(string groupId, ReadOnlyMemory<byte>? value)
    {
        if (value is { } bytes)
            GetOrAdd(groupId).Adopt(
                GroupRecords.ReadValue<GroupMetadataValue>(bytes, GroupMetadataValue.HighestVersion, _strings));
        else if (_groups.Remove(groupId) && _offsets.Has(groupId))
            GetOrAdd(groupId);
    }

    private ClassicGroup GetOrAdd(string groupId)
    {
        if (!_groups.TryGetValue(groupId, out var group))
            _groups.Add(groupId, group = new ClassicGroup(groupId));
        return group;
    }

    private void RenewSession(ClassicGroup group, ClassicMember member, Instant now)
    {
        member.SessionEnd = now + member.SessionTimeoutMs;
        Arm(group, member.SessionEnd);
    }

    /// <summary>Sees to it that <see cref="Expire"/> looks at the group by then.</summary>
    private void Arm(ClassicGroup group, Instant deadline)
    {
        if (deadline >= group.ArmedAt)
            return;
        group.ArmedAt = deadline;
        _deadlines.Enqueue(group, deadline);
    }

    /// <summary>Answers what a member waits for, before it goes or is replaced.</summary>
    private static void Dismiss(ClassicGroup group, ClassicMember member, ErrorCode error, Effects effects)
    {
        if (group.TakeJoin(member) is { } join)
            effects.Reply(join.Token, GroupReplies.JoinError(join.ApiVersion, member.MemberId, error));
        if (member.Sync is { } sync)
            effects.Reply(sync.Token, new SyncGroupResponse { ErrorCode = error });
        member.Sync = null;
    }
}
