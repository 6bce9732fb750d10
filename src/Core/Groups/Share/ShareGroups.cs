using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// Serves the share groups of a shard: what a <see cref="GroupCoordinator"/> is asked about them comes here.
/// </summary>
/// <remarks>
/// <para>1. What is durable changes by <see cref="Replay"/> alone; a call says it in records by a
/// <see cref="ShareGroupChange"/>. 2. An answer waits for the records that it was made from. 3. The share coordinator
/// is asked to begin states once the record that says so is on stable storage, and again by the heartbeats as long as
/// it has not.</para>
/// </remarks>
internal sealed partial class ShareGroups(GroupTable table, GroupSettings settings)
{
    private readonly StringCache _strings = new();

    private TopicsImage Topics => table.Image.Topics;

    /// <summary>Applies one record of a share group. True if the group ended by it.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public bool Replay(short type, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var (groupId, memberId) = GroupRecords.ReadNames(key, _strings);
        if (value is not { } bytes)
            return Forget(type, groupId, memberId);
        var group = table.GetOrAdd(groupId, id => new ShareGroup(id));
        switch (type)
        {
            case ShareGroupRecords.Member:
                group.Put(MemberOf(group, memberId).With(Read<ShareGroupMemberMetadataValue>(bytes)));
                break;
            case ShareGroupRecords.Epoch:
                var epoch = Read<ShareGroupMetadataValue>(bytes);
                group.SetEpoch(epoch.Epoch, epoch.MetadataHash);
                break;
            case ShareGroupRecords.TargetEpoch:
                var target = Read<ShareGroupTargetAssignmentMetadataValue>(bytes);
                group.SetTargetEpoch(target.AssignmentEpoch, new Instant(target.AssignmentTimestamp));
                break;
            case ShareGroupRecords.Target:
                group.SetTarget(
                    memberId, ShareGroupRecords.TargetOf(Read<ShareGroupTargetAssignmentMemberValue>(bytes)));
                break;
            case ShareGroupRecords.Assignment:
                group.Put(MemberOf(group, memberId).With(Read<ShareGroupCurrentMemberAssignmentValue>(bytes)));
                break;
            case ShareGroupRecords.Topics:
                group.Topics = ShareGroupRecords.TopicsOf(Read<ShareGroupStatePartitionMetadataValue>(bytes));
                break;
        }

        return false;
    }

    /// <summary>Begins service after the log was replayed: every member gets a full session.</summary>
    public void Start(Instant now)
    {
        foreach (var group in table.Groups.OfType<ShareGroup>())
            foreach (var member in group.Members)
                RenewSession(group, member.MemberId, now);
    }

    /// <summary>Takes out members that were silent for too long.</summary>
    public void Expire(ShareGroup group, Instant now, Effects effects)
    {
        var expired = group.Expired(now);
        if (expired.Count > 0)
            Remove(new ShareGroupChange(group, effects), expired);
    }

    private bool Forget(short type, string groupId, string memberId)
    {
        if (table.Find<ShareGroup>(groupId) is not { } group)
            return false;
        switch (type)
        {
            case ShareGroupRecords.Member:
                group.Remove(memberId);
                break;
            case ShareGroupRecords.Target:
                group.SetTarget(memberId, null);
                break;
            case ShareGroupRecords.Assignment when group.Find(memberId) is { } member:
                group.Put(member.With(new ShareGroupCurrentMemberAssignmentValue()));
                break;
            case ShareGroupRecords.Topics:
                group.Topics = SharedTopics.None;
                break;
        }

        return type == ShareGroupRecords.Epoch;
    }

    private T Read<T>(ReadOnlyMemory<byte> bytes)
        where T : IMessage, new() => GroupRecords.ReadValue<T>(bytes, 0, _strings);

    private static ShareMember MemberOf(ShareGroup group, string memberId) =>
        group.Find(memberId) ?? new ShareMember(memberId);

    private int Setting(string name, string groupId) => settings.OfGroup(name, groupId, table.Image);

    private void RenewSession(ShareGroup group, string memberId, Instant now)
    {
        var end = now + Setting("share.session.timeout.ms", group.GroupId);
        group.RenewSession(memberId, end);
        table.Arm(group, end);
    }

    /// <summary>Takes members out, which begins a group epoch.</summary>
    private void Remove(ShareGroupChange change, IReadOnlyList<ShareMember> members)
    {
        foreach (var member in members)
            change.Remove(member);
        var left = change.Members.Any();
        change.SetEpoch(change.Epoch + 1, left ? MetadataHash.Of(change.SubscribedTopics, Topics) : 0);
        if (!left)
            change.SetTargetEpoch(change.Epoch, new Instant(0));
    }

    private static Verdict NoGroup(string groupId) =>
        new(ErrorCode.GroupIdNotFound, $"There is no share group {groupId}.");
}
