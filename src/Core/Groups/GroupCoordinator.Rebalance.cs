using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// How a generation begins and how it gets its assignment.
internal sealed partial class GroupCoordinator
{
    /// <summary>Fetches a member's assignment; it waits until the leader's sync is stored.</summary>
    public void Sync(
        SyncGroupRequest request, in RequestContext context, PendingReply reply, Instant now, Effects effects)
    {
        if (_table.Find<ConsumerGroup>(request.GroupId) is { } consumer)
        {
            _consumers.Sync(consumer, request, reply, now, effects);
            return;
        }

        var group = _table.Find<ClassicGroup>(request.GroupId);
        var error = ValidateSync(group, request);
        if (error != ErrorCode.None)
        {
            effects.Reply(reply, new SyncGroupResponse { ErrorCode = error });
            return;
        }

        var member = group!.Find(request.MemberId)!;
        member.OwesSync = false;
        if (group.Members.All(other => !other.OwesSync))
            group.SyncEnd = Instant.Never;
        if (group.State == GroupState.Stable)
        {
            RenewSession(group, member, now);
            effects.Reply(reply, GroupReplies.Synced(group, member), afterCommit: true);
            return;
        }

        if (member.Sync is { } earlier)
            effects.Reply(earlier.Token, new SyncGroupResponse { ErrorCode = ErrorCode.RebalanceInProgress });
        member.Sync = new ParkedRequest(reply, context.ApiVersion);
        if (group.Leader == member.MemberId)
            Assign(group, request.Assignments, now, effects);
    }

    private static ErrorCode ValidateSync(ClassicGroup? group, SyncGroupRequest request)
    {
        if (request.GroupId.Length == 0)
            return ErrorCode.InvalidGroupId;
        if (group is null)
            return ErrorCode.UnknownMemberId;
        var error = group.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
            return error;
        if (request.GenerationId != group.Generation)
            return ErrorCode.IllegalGeneration;
        if ((request.ProtocolType ?? group.ProtocolType) != group.ProtocolType
            || (request.ProtocolName ?? group.Protocol) != group.Protocol)
            return ErrorCode.InconsistentGroupProtocol;
        return group.State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Stores the leader's assignment; all who wait for theirs get it when it is committed.</summary>
    private void Assign(
        ClassicGroup group, List<SyncGroupRequest.MemberAssignment> assignments, Instant now, Effects effects)
    {
        foreach (var member in group.Members)
            member.Assignment = [];
        foreach (var assignment in assignments)
            if (group.Find(assignment.MemberId) is { } member)
                member.Assignment = assignment.Assignment.ToArray();

        var before = effects.RecordCount;
        var bytesBefore = effects.RecordBytes;
        GroupRecords.Store(effects, group.GroupId, group.ToRecord(now));
        if (effects.RecordBytes - bytesBefore > _settings.MaxBatchBytes)
        {
            effects.DropRecords(before);
            ReleaseSyncs(group, ErrorCode.UnknownServerError, now, effects);
            Rebalance(group, now, effects);
            return;
        }

        foreach (var member in group.Members)
        {
            if (member.Sync is not { } sync)
                continue;
            member.Sync = null;
            effects.Reply(sync.Token, GroupReplies.Synced(group, member), afterCommit: true);
            RenewSession(group, member, now);
        }
    }

    /// <summary>Calls the members together again.</summary>
    private void Rebalance(ClassicGroup group, Instant now, Effects effects)
    {
        if (group.State == GroupState.CompletingRebalance)
            ReleaseSyncs(group, ErrorCode.RebalanceInProgress, now, effects);
        foreach (var member in group.Members)
            member.OwesSync = false;
        group.SyncEnd = Instant.Never;
        group.IsGathering = group.State == GroupState.Empty && _settings.InitialRebalanceDelayMs > 0;
        group.HasGathered = false;
        var isFirst = group.State == GroupState.Empty;
        group.State = GroupState.PreparingRebalance;
        if (group.IsGathering)
            Gather(group, Math.Max(group.RebalanceTimeoutMs, _settings.InitialRebalanceDelayMs), now);
        else if (isFirst || group.HasAllJoined)
            CompleteJoin(group, now, effects);
        else
            AwaitMembers(group, now);
    }

    /// <summary>Waits a while for more members of a group that was empty.</summary>
    private void Gather(ClassicGroup group, int leftMs, Instant now)
    {
        var delayMs = Math.Min(_settings.InitialRebalanceDelayMs, leftMs);
        group.GatheringLeftMs = leftMs - delayMs;
        group.HasGathered = false;
        group.JoinEnd = now + delayMs;
        _table.Arm(group, group.JoinEnd);
    }

    private void AwaitMembers(ClassicGroup group, Instant now)
    {
        group.JoinEnd = now + Math.Max(1, group.RebalanceTimeoutMs);
        _table.Arm(group, group.JoinEnd);
    }

    private void CompleteIfAllJoined(ClassicGroup group, Instant now, Effects effects)
    {
        if (group is { State: GroupState.PreparingRebalance, IsGathering: false, HasAllJoined: true })
            CompleteJoin(group, now, effects);
    }

    /// <summary>Begins the next generation with those who joined and the static members, who may be late.</summary>
    private void CompleteJoin(ClassicGroup group, Instant now, Effects effects)
    {
        foreach (var member in group.Members.Where(member => member is { Join: null, InstanceId: null }).ToList())
            Remove(group, member, effects);
        if (group.Count > 0 && !group.ElectLeader())
        {
            AwaitMembers(group, now);
            return;
        }

        group.JoinEnd = Instant.Never;
        group.IsGathering = false;
        if (group.Count == 0)
        {
            StoreEmpty(group, now, effects);
            return;
        }

        group.Generation++;
        group.Protocol = group.SelectProtocol();
        group.State = GroupState.CompletingRebalance;
        foreach (var member in group.Members)
        {
            if (group.TakeJoin(member) is { } join)
                effects.Reply(join.Token, GroupReplies.Joined(group, member));
            member.IsNew = false;
            member.OwesSync = true;
            RenewSession(group, member, now);
        }

        group.SyncEnd = now + Math.Max(1, group.RebalanceTimeoutMs);
        _table.Arm(group, group.SyncEnd);
    }

    private static void StoreEmpty(ClassicGroup group, Instant now, Effects effects)
    {
        var empty = group.ToRecord(now);
        empty.Generation++;
        empty.Protocol = null;
        GroupRecords.Store(effects, group.GroupId, empty);
    }

    /// <summary>Sends waiting syncs back. Their sessions stood still while they waited and begin anew.</summary>
    private void ReleaseSyncs(ClassicGroup group, ErrorCode error, Instant now, Effects effects)
    {
        foreach (var member in group.Members)
        {
            member.Assignment = [];
            if (member.Sync is not { } sync)
                continue;
            member.Sync = null;
            effects.Reply(sync.Token, new SyncGroupResponse { ErrorCode = error });
            RenewSession(group, member, now);
        }
    }

    private static void Remove(ClassicGroup group, ClassicMember member, Effects effects)
    {
        GroupReplies.Dismiss(group, member, ErrorCode.UnknownMemberId, effects);
        group.Remove(member);
    }

    /// <summary>
    /// After members went, or ids that were only handed out: a generation begins anew, or one that waited for them
    /// begins.
    /// </summary>
    private void AfterRemoval(ClassicGroup group, bool membersWent, Instant now, Effects effects)
    {
        if (membersWent && group.State is GroupState.Stable or GroupState.CompletingRebalance)
            Rebalance(group, now, effects);
        else
            CompleteIfAllJoined(group, now, effects);
    }
}
