using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Streams;

// Members join, keep up and leave by heartbeats.
internal sealed partial class StreamsGroups
{
    private const int JoinEpoch = 0;
    private const int AwayEpoch = ModernMember.AwayEpoch;

    /// <summary>
    /// A heartbeat: with epoch 0 the member joins, with -1 it leaves, with -2 a static one goes for a while.
    /// </summary>
    public void Heartbeat(
        StreamsGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects)
    {
        var before = effects.RecordCount;
        var bytesBefore = effects.RecordBytes;
        var response = new StreamsGroupHeartbeatResponse();
        var refusal = HeartbeatRules.Refusal(request)
            ?? (request.MemberEpoch < 0
                ? Leave(request, response, effects)
                : Beat(request, context, response, now, effects));
        if (refusal is null && effects.RecordBytes - bytesBefore > settings.MaxBatchBytes)
            refusal = new Verdict(ErrorCode.UnknownServerError, "The group's assignment is too large to be stored.");
        if (refusal is { } verdict)
        {
            effects.DropRecords(before);
            table.DropDraft(request.GroupId);
            response = new() { ErrorCode = verdict.ErrorCode, ErrorMessage = verdict.Message };
        }

        effects.Reply(reply, response, afterCommit: refusal is null);
    }

    private Verdict? Beat(
        StreamsGroupHeartbeatRequest request, in RequestContext context, StreamsGroupHeartbeatResponse response,
        Instant now, Effects effects)
    {
        var isJoining = request.MemberEpoch == JoinEpoch;
        if (FindOrBegin(request.GroupId, isJoining, effects) is not { } change)
            return NoGroup(request.GroupId);
        var group = change.Group;
        var owned = HeartbeatRules.OwnedBy(request);
        if (Admit(change, request, owned, out var former, out var replacedId) is var error and not ErrorCode.None)
            return new Verdict(error, Explain(error));

        var member = Described(former, request, context);
        var isKnown = change.Find(member.MemberId) is not null;
        var hasChanged = !isKnown || !member.IsDescribedAs(former);
        if (hasChanged)
            change.PutMetadata(member);
        hasChanged &= request.InstanceId is null || !member.IsAssignableAs(former);
        if (UpdateTopology(change, request.Topology) is { } conflict)
            return conflict;
        var topology = change.Topology!;
        var configured = Configure(change, topology, out var hash);
        if (configured.Refusal != ErrorCode.None)
            return new Verdict(configured.Refusal, configured.Detail.Length > 0 ? configured.Detail : null);
        if (configured.IsReady && owned is not null && HeartbeatRules.WhatIsWrong(owned, configured) is { } problem)
            return new Verdict(ErrorCode.InvalidRequest, problem);
        if (HeartbeatRules.TryRead(request, group.OffsetsOf(member.MemberId)) is not { } offsets)
            return new Verdict(ErrorCode.InvalidRequest, "An offset of a task is told twice.");

        // From here on nothing is refused: what has no records may change.
        (group.Configured, group.SeenTopics) = (configured, Topics);
        group.SetOffsets(member.MemberId, offsets);
        var configs = AssignmentConfigs(group.GroupId);
        var validated = configured.IsReady ? topology.Epoch : -1;
        if (hasChanged || hash != group.MetadataHash || validated != group.ValidatedTopologyEpoch
            || !configs.SequenceEqual(group.AssignmentConfigs))
            change.NextEpoch(hash, validated, configs);
        if (group.IsEmpty)
            BeginInitialDelay(group, now);
        var isDelayed = group.InitialDelayEnd != Instant.Never;
        var isLate = !isDelayed && !UpdateTarget(change, configured, configs, now);
        var target = isDelayed ? null : change.FindTarget(member.MemberId);
        var next = Reconcile(change, member, target ?? StreamsTasks.None, owned, replacedId, now);
        RenewSession(group, next, now);
        if (request.ShutdownApplication)
            group.ShutdownRequestedBy ??= member.MemberId;
        if (table.Find(group.GroupId) != group)
            table.Draft(group);
        if (configured.MissingTopics.Count > 0)
            effects.Send(new CreateInternalTopics(group.GroupId, configured.MissingTopics));
        if (isDelayed || isLate)
            Tell(response, StreamsStatus.AssignmentDelayed, isDelayed
                ? "The first assignment waits for more members."
                : "The next assignment waits for the interval between two to end.");
        Answer(change, request, response, former, next, replacedId);
        TellOf(change, configured, configs, next, context.ApiVersion, response);
        return null;
    }

    /// <summary>A member that is the first in the group has the assignment wait for others.</summary>
    private void BeginInitialDelay(StreamsGroup group, Instant now)
    {
        var delay = Setting("streams.initial.rebalance.delay.ms", group.GroupId);
        if (delay == 0 || group.InitialDelayEnd != Instant.Never)
            return;
        group.InitialDelayEnd = now + delay;
        table.Arm(group, group.InitialDelayEnd);
    }

    /// <summary>The group; a new one for who joins, in the place of a classic one without members.</summary>
    private StreamsGroupChange? FindOrBegin(string groupId, bool mayBegin, Effects effects)
    {
        switch (table.Find(groupId))
        {
            case StreamsGroup group:
                return new StreamsGroupChange(group, effects);
            case null when mayBegin:
                return new StreamsGroupChange(new StreamsGroup(groupId), effects);
            case ClassicGroup { IsEmpty: true } classic when mayBegin:
                classic.Delete(effects);
                return new StreamsGroupChange(new StreamsGroup(groupId), effects);
            default:
                return null;
        }
    }

    /// <summary>Finds the member, or makes one of who joins; <paramref name="member"/> is it as it was.</summary>
    private ErrorCode Admit(
        StreamsGroupChange change, StreamsGroupHeartbeatRequest request, StreamsTasks? owned,
        out StreamsMember member, out string? replacedId)
    {
        var isJoining = request.MemberEpoch == JoinEpoch;
        var present = change.Group.Find(request.MemberId);
        var holder = request.InstanceId is { } instanceId ? change.Group.FindStatic(instanceId) : null;
        replacedId = null;
        member = holder ?? present ?? new StreamsMember(request.MemberId);
        if (isJoining && holder is null && present is null
            && change.Group.Count >= settings.Broker.Int("group.streams.max.size"))
            return ErrorCode.GroupMaxSizeReached;
        if (isJoining && holder is not null)
            return Replace(change, holder, request.MemberId, out member, out replacedId);
        if (!isJoining && request.InstanceId is not null)
        {
            if (holder is null)
                return ErrorCode.UnknownMemberId;
            if (holder.MemberId != request.MemberId)
                return ErrorCode.FencedInstanceId;
        }

        if (present is null)
            return isJoining ? ErrorCode.None : ErrorCode.UnknownMemberId;
        return StreamsGroup.ValidateEpoch(
            present, request.MemberEpoch, () => owned is not null && present.Assigned.Includes(owned));
    }

    /// <summary>A static member that went for a while gives all that it has to its next incarnation.</summary>
    private static ErrorCode Replace(
        StreamsGroupChange change, StreamsMember holder, string memberId, out StreamsMember member,
        out string? replacedId)
    {
        (member, replacedId) = (holder, holder.MemberId);
        if (holder.Epoch != AwayEpoch)
            return ErrorCode.UnreleasedInstanceId;
        var target = change.FindTarget(holder.MemberId) ?? StreamsTasks.None;
        member = holder with { MemberId = memberId, Epoch = 0, PreviousEpoch = 0 };
        change.RemoveMember(holder);
        change.PutMetadata(member);
        change.SetTarget(memberId, target);
        change.PutAssignment(member);
        return ErrorCode.None;
    }

    /// <summary>The member as the request describes it; what it leaves out stays.</summary>
    private static StreamsMember Described(
        StreamsMember member, StreamsGroupHeartbeatRequest request, in RequestContext context) => member with
        {
            InstanceId = request.InstanceId ?? member.InstanceId,
            RackId = request.RackId ?? member.RackId,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs < 0
                ? member.RebalanceTimeoutMs
                : request.RebalanceTimeoutMs,
            TopologyEpoch = request.Topology?.Epoch ?? member.TopologyEpoch,
            ProcessId = request.ProcessId ?? member.ProcessId,
            UserEndpoint = request.UserEndpoint is { } endpoint ? new UserEndpoint(endpoint.Host, endpoint.Port)
            : request.MemberEpoch == JoinEpoch ? null
            : member.UserEndpoint,
            ClientTags = request.ClientTags is { } tags
            ? StreamsMember.NoTags.SetItems(tags.Select(tag => KeyValuePair.Create(tag.Key, tag.Value)))
            : member.ClientTags,
            ClientId = context.ClientId,
            ClientHost = context.ClientHost,
        };

    /// <summary>The first member says what the application is; others must run the same, or an older one.</summary>
    private static Verdict? UpdateTopology(
        StreamsGroupChange change, StreamsGroupHeartbeatRequest.TopologyData? requested)
    {
        if (requested is null)
            return change.Topology is null ? new Verdict(ErrorCode.UnknownServerError, null) : null;
        if (requested.Epoch < 0
            || requested.Subtopologies.DistinctBy(sub => sub.SubtopologyId).Count() < requested.Subtopologies.Count)
            return new Verdict(ErrorCode.UnknownServerError, null);
        var topology = new StreamsTopology(StreamsTopology.ValueOf(requested));
        if (change.Topology is null)
            change.SetTopology(topology);
        else if (topology.Epoch >= change.Topology.Epoch && !topology.IsSameAs(change.Topology))
            return new Verdict(ErrorCode.InvalidRequest, "The topology of a group can't be changed.");
        return null;
    }

    private Verdict? Leave(
        StreamsGroupHeartbeatRequest request, StreamsGroupHeartbeatResponse response, Effects effects)
    {
        if (table.Find<StreamsGroup>(request.GroupId) is not { } group)
            return NoGroup(request.GroupId);
        if (request.ShutdownApplication)
            group.ShutdownRequestedBy ??= request.MemberId;
        var error = request.InstanceId is { } instanceId ? group.ValidateInstance(instanceId, request.MemberId)
            : group.Find(request.MemberId) is null ? ErrorCode.UnknownMemberId
            : ErrorCode.None;
        if (error != ErrorCode.None)
            return new Verdict(error, Explain(error));
        var member = group.Find(request.MemberId)!;
        var change = new StreamsGroupChange(group, effects);
        if (request is { MemberEpoch: AwayEpoch, InstanceId: not null })
            GoAway(change, member);
        else
            Remove(change, [member]);
        response.MemberId = request.MemberId;
        response.MemberEpoch = request.MemberEpoch;
        return null;
    }

    /// <summary>It keeps what it was assigned until its session ends; what it was to give up it has given up.</summary>
    private static void GoAway(StreamsGroupChange change, StreamsMember member)
    {
        var active = HeldTasks.None.Active.AddRange(
            member.Assigned.Active.Keys.Select(task => KeyValuePair.Create(task, 0)));
        change.PutAssignment(member with
        {
            Epoch = AwayEpoch,
            Assigned = member.Assigned with { Active = active },
            PendingRevocation = HeldTasks.None,
        });
        change.Group.EndRebalance(member.MemberId);
    }

    private static Verdict NoGroup(string groupId) =>
        new(ErrorCode.GroupIdNotFound, $"There is no streams group {groupId}.");

    private static string Explain(ErrorCode error) => error switch
    {
        ErrorCode.UnknownMemberId => "The group has no such member.",
        ErrorCode.FencedMemberEpoch => "The member is not at this epoch: it must join again.",
        ErrorCode.FencedInstanceId => "The instance id is that of another member.",
        ErrorCode.UnreleasedInstanceId => "The instance id is that of a member which is there.",
        ErrorCode.GroupMaxSizeReached => "The group has all the members that it may have.",
        _ => error.ToString(),
    };
}
