using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// How members stay and go.
internal sealed partial class GroupCoordinator
{
    private const short FirstLeaveOfMany = 3;

    /// <summary>KIP-848</summary>
    public void Heartbeat(
        ConsumerGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects) => _consumers.Heartbeat(request, context, reply, now, effects);

    /// <summary>KIP-1071</summary>
    public void Heartbeat(
        StreamsGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects) => _streams.Heartbeat(request, context, reply, now, effects);

    public void Heartbeat(HeartbeatRequest request, PendingReply reply, Instant now, Effects effects) =>
        effects.Reply(reply, new HeartbeatResponse { ErrorCode = Heartbeat(request, now) });

    public void Leave(
        LeaveGroupRequest request, in RequestContext context, PendingReply reply, Instant now, Effects effects)
    {
        var response = new LeaveGroupResponse();
        var before = effects.RecordCount;
        if (request.GroupId.Length == 0)
            response.ErrorCode = ErrorCode.InvalidGroupId;
        else if (context.ApiVersion < FirstLeaveOfMany)
            response.ErrorCode =
                LeaveAll(request.GroupId, [new() { MemberId = request.MemberId }], now, effects)[0].ErrorCode;
        else
            response.Members = LeaveAll(request.GroupId, request.Members, now, effects);
        effects.Reply(reply, response, afterCommit: effects.RecordCount > before);
    }

    private ErrorCode Heartbeat(HeartbeatRequest request, Instant now)
    {
        if (request.GroupId.Length == 0)
            return ErrorCode.InvalidGroupId;
        if (_table.Find<ConsumerGroup>(request.GroupId) is { } consumer)
            return _consumers.Heartbeat(consumer, request, now);
        if (_table.Find<ClassicGroup>(request.GroupId) is not { } group)
            return ErrorCode.UnknownMemberId;
        var error = group.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
            return error;
        if (request.GenerationId != group.Generation)
            return ErrorCode.IllegalGeneration;
        RenewSession(group, group.Find(request.MemberId)!, now);
        return group.State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private List<LeaveGroupResponse.MemberResponse> LeaveAll(
        string groupId, List<LeaveGroupRequest.MemberIdentity> members, Instant now, Effects effects)
    {
        if (_table.Find<ConsumerGroup>(groupId) is { } consumer)
            return _consumers.Leave(consumer, members, now, effects);
        var group = _table.Find<ClassicGroup>(groupId);
        var responses = new List<LeaveGroupResponse.MemberResponse>(members.Count);
        var before = group?.Count;
        foreach (var member in members)
        {
            var error = group is null ? ErrorCode.UnknownMemberId : Leave(group, member, effects);
            responses.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ErrorCode = error,
            });
        }

        if (group is not null)
            AfterRemoval(group, group.Count < before, now, effects);
        return responses;
    }

    /// <summary>An instance id without a member id removes whoever holds it: administrators do so.</summary>
    private static ErrorCode Leave(ClassicGroup group, LeaveGroupRequest.MemberIdentity identity, Effects effects)
    {
        if (group.Pending.Remove(identity.MemberId))
            return ErrorCode.None;
        var memberId = identity.MemberId;
        if (memberId.Length == 0 && identity.GroupInstanceId is { } instanceId)
            memberId = group.FindStatic(instanceId)?.MemberId ?? "";
        var error = group.Validate(memberId, identity.GroupInstanceId);
        if (error == ErrorCode.None)
            Remove(group, group.Find(memberId)!, effects);
        return error;
    }
}
