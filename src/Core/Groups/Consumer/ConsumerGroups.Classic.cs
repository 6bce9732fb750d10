using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Consumer;

// Members that speak the classic protocol in a consumer group: its epochs are their generations.
internal sealed partial class ConsumerGroups
{
    private const short FirstJoinWithRequiredId = 4;
    private const short FirstAssignmentVersion = 0;

    public void Join(
        ConsumerGroup group, JoinGroupRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects)
    {
        var before = effects.RecordCount;
        var response = Join(group, request, context, now, effects);
        if (response.ErrorCode != ErrorCode.None)
            effects.DropRecords(before);
        effects.Reply(reply, response, afterCommit: response.ErrorCode == ErrorCode.None);
    }

    public void Sync(ConsumerGroup group, SyncGroupRequest request, PendingReply reply, Instant now, Effects effects)
    {
        var error = Validate(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out var member);
        var protocol = member?.Classic?.Protocols[0].Name;
        if (error == ErrorCode.None && ((request.ProtocolType ?? ConsumerProtocol.Type) != ConsumerProtocol.Type
            || (request.ProtocolName ?? protocol) != protocol))
            error = ErrorCode.InconsistentGroupProtocol;
        if (error == ErrorCode.None && member!.Epoch < group.Epoch && member.State != MemberState.UnrevokedPartitions)
        {
            BeginRebalance(group, member, now);
            error = ErrorCode.RebalanceInProgress;
        }

        if (error != ErrorCode.None)
        {
            effects.Reply(reply, new SyncGroupResponse { ErrorCode = error });
            return;
        }

        group.EndRebalance(member!.MemberId);
        RenewSession(group, member, now);
        effects.Reply(
            reply,
            new SyncGroupResponse
            {
                ProtocolType = ConsumerProtocol.Type,
                ProtocolName = protocol,
                Assignment = AssignmentOf(member),
            },
            afterCommit: true);
    }

    /// <summary>
    /// The member rejoins when the group has another epoch, when it is to give partitions up, and when what it waits
    /// for is free.
    /// </summary>
    public ErrorCode Heartbeat(ConsumerGroup group, HeartbeatRequest request, Instant now)
    {
        var error = Validate(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out var member);
        if (error != ErrorCode.None)
            return error;
        RenewSession(group, member!, now);
        var mustRejoin = member!.Epoch < group.Epoch || member.State == MemberState.UnrevokedPartitions
            || (member.State == MemberState.UnreleasedPartitions && !WaitsForOthers(group, member));
        if (!mustRejoin)
            return ErrorCode.None;
        if (!group.IsRebalancing(member.MemberId))
            BeginRebalance(group, member, now);
        return ErrorCode.RebalanceInProgress;
    }

    /// <summary>Members of both protocols leave this way, and administrators remove them by instance ids.</summary>
    public List<LeaveGroupResponse.MemberResponse> Leave(
        ConsumerGroup group, List<LeaveGroupRequest.MemberIdentity> members, Instant now, Effects effects)
    {
        var gone = new List<ConsumerMember>();
        var responses = new List<LeaveGroupResponse.MemberResponse>(members.Count);
        foreach (var identity in members)
        {
            var member = identity is { MemberId.Length: 0, GroupInstanceId: { } instanceId }
                ? group.FindStatic(instanceId)
                : group.Find(identity.MemberId);
            var error = identity is { MemberId.Length: > 0, GroupInstanceId: { } owned }
                ? group.ValidateInstance(owned, identity.MemberId)
                : member is null ? ErrorCode.UnknownMemberId
                : ErrorCode.None;
            if (error == ErrorCode.None && gone.Contains(member!))
                error = ErrorCode.UnknownMemberId;
            if (error == ErrorCode.None)
                gone.Add(member!);
            responses.Add(new()
            {
                MemberId = identity.MemberId, GroupInstanceId = identity.GroupInstanceId, ErrorCode = error,
            });
        }

        if (gone.Count > 0)
            Remove(new ConsumerGroupChange(group, effects), gone, now, effects);
        return responses;
    }

    private JoinGroupResponse Join(
        ConsumerGroup group, JoinGroupRequest request, in RequestContext context, Instant now, Effects effects)
    {
        var version = context.ApiVersion;
        var change = new ConsumerGroupChange(group, effects);
        if (change.Find(request.MemberId) is null && group.Count >= settings.ConsumerMaxSize)
            return GroupReplies.JoinError(version, "", ErrorCode.GroupMaxSizeReached);
        var subscription = Accepts(group, request)
            ? ConsumerProtocol.ReadSubscription(request.Protocols[0].Metadata.ToArray())
            : null;
        if (subscription is null)
            return GroupReplies.JoinError(version, "", ErrorCode.InconsistentGroupProtocol);
        var memberId = request.MemberId.Length > 0 ? request.MemberId : ids.Next();
        if (request is { MemberId.Length: 0, GroupInstanceId: null } && version >= FirstJoinWithRequiredId)
            return GroupReplies.JoinError(version, memberId, ErrorCode.MemberIdRequired);
        var error = AdmitClassic(change, request, memberId, out var former);
        if (error != ErrorCode.None)
            return GroupReplies.JoinError(version, request.MemberId, error);

        var member = former with
        {
            InstanceId = request.GroupInstanceId ?? former.InstanceId,
            RackId = subscription.RackId ?? former.RackId,
            RebalanceTimeoutMs = version == 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs,
            SubscribedTopicNames = ModernMember.NoNames.Union(subscription.Topics),
            SubscribedTopicRegex = "",
            ServerAssignor = null,
            ClientId = context.ClientId,
            ClientHost = context.ClientHost,
            Classic = new ClassicProtocols(
                request.SessionTimeoutMs,
                [.. request.Protocols.Select(one => new MemberProtocol(one.Name, one.Metadata.ToArray()))]),
        };
        UpdateRegex(change, former, member, now, out var isRegexGone);
        if (change.Find(memberId) is null || !member.IsDescribedAs(former))
            change.PutMetadata(member);
        UpdateEpoch(
            change, isRegexGone || !member.SubscribedTopicNames.SetEquals(former.SubscribedTopicNames));
        UpdateTarget(change, now);
        var owned = subscription.Owned
            .Where(partition => Topics.Find(partition.Topic) is not null)
            .Select(partition => new TopicIdPartition(Topics.Find(partition.Topic)!.Id, partition.Partition))
            .ToHashSet();
        var next = Reconcile(change, member, owned, now);
        RenewSession(group, next, now);
        BeginRebalance(group, next, now);
        return new JoinGroupResponse
        {
            MemberId = memberId,
            GenerationId = next.Epoch,
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = request.Protocols[0].Name,
        };
    }

    private static bool Accepts(ConsumerGroup group, JoinGroupRequest request)
    {
        if (request.ProtocolType != ConsumerProtocol.Type || request.Protocols.Count == 0)
            return false;
        var classic = group.Members.Select(member => member.Classic).OfType<ClassicProtocols>().ToList();
        return request.Protocols.Exists(
            protocol => classic.TrueForAll(member => member.Protocols.Any(other => other.Name == protocol.Name)));
    }

    /// <summary>Finds the member or makes one; a static one takes the place of its former incarnation.</summary>
    private static ErrorCode AdmitClassic(
        ConsumerGroupChange change, JoinGroupRequest request, string memberId, out ConsumerMember member)
    {
        member = change.Find(memberId) ?? new ConsumerMember(memberId) { InstanceId = request.GroupInstanceId };
        if (request.GroupInstanceId is not { } instanceId)
            return ErrorCode.None;
        var owner = change.Members.FirstOrDefault(other => other.InstanceId == instanceId);
        if (owner is null || owner.MemberId == memberId)
            return ErrorCode.None;
        if (request.MemberId.Length > 0)
            return ErrorCode.FencedInstanceId;
        if (owner.Classic is null && owner.Epoch != AwayEpoch)
            return ErrorCode.UnreleasedInstanceId;
        member = Inherit(change, owner, memberId, change.TargetEpoch);
        return ErrorCode.None;
    }

    private static ErrorCode Validate(
        ConsumerGroup group, string memberId, string? instanceId, int generation, out ConsumerMember? member)
    {
        member = group.Find(memberId);
        var error = instanceId is null ? ErrorCode.None : group.ValidateInstance(instanceId, memberId);
        return error != ErrorCode.None ? error
            : member?.Classic is null ? ErrorCode.UnknownMemberId
            : generation != member.Epoch ? ErrorCode.IllegalGeneration
            : ErrorCode.None;
    }

    private static bool WaitsForOthers(ConsumerGroup group, ConsumerMember member) =>
        (group.FindTarget(member.MemberId) ?? []).Any(partition =>
            !member.Assigned.ContainsKey(partition)
            && group.HolderOf(partition) is { } holder && holder != member.MemberId);

    /// <summary>What the member may own, as consumers of the classic protocol read it.</summary>
    private byte[] AssignmentOf(ConsumerMember member)
    {
        var version = member.Classic is { Protocols: [var first, ..] }
            && ConsumerProtocol.ReadSubscription(first.Metadata) is { } subscription
            ? subscription.Version
            : FirstAssignmentVersion;
        return ConsumerProtocol.WriteAssignment(version, member.Assigned.Keys
            .Where(partition => Topics.Find(partition.TopicId) is not null)
            .Select(partition => (Topics.Find(partition.TopicId)!.Name, partition.Partition)));
    }
}
