using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Consumer;

// Members of the new protocol: they join, keep up and leave by heartbeats.
internal sealed partial class ConsumerGroups
{
    private const int JoinEpoch = 0;
    private const int AwayEpoch = ModernMember.AwayEpoch;

    /// <summary>
    /// A heartbeat. With epoch 0 the member joins, with -1 it leaves, with -2 a static member goes for a while.
    /// </summary>
    public void Heartbeat(
        ConsumerGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects)
    {
        var before = effects.RecordCount;
        var bytesBefore = effects.RecordBytes;
        var response = new ConsumerGroupHeartbeatResponse();
        var refusal = Refusal(request, context.ApiVersion)
            ?? (request.MemberEpoch < 0
                ? Leave(request, response, now, effects)
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

    private Verdict? Refusal(ConsumerGroupHeartbeatRequest request, short version)
    {
        var problem = string.IsNullOrWhiteSpace(request.GroupId) ? "The group id is empty."
            : version > 0 && string.IsNullOrWhiteSpace(request.MemberId) ? "The member id is empty."
            : request.InstanceId is { } instance && string.IsNullOrWhiteSpace(instance) ? "The instance id is empty."
            : request.RackId is { } rack && string.IsNullOrWhiteSpace(rack) ? "The rack id is empty."
            : request.MemberEpoch < AwayEpoch ? $"The member epoch {request.MemberEpoch} means nothing."
            : request is { MemberEpoch: AwayEpoch, InstanceId: null } ? "Only static members go for a while."
            : request.MemberEpoch != JoinEpoch ? null
            : request.RebalanceTimeoutMs < 0 ? "Who joins must say its rebalance timeout."
            : request.TopicPartitions is not { Count: 0 } ? "Who joins must say that it owns no partitions."
            : request is { SubscribedTopicNames: null, SubscribedTopicRegex: null } ? "Who joins must subscribe."
            : null;
        if (problem is not null)
            return new Verdict(ErrorCode.InvalidRequest, problem);
        return request.ServerAssignor is { } assignor && settings.Assignor(assignor) is null
            ? new Verdict(ErrorCode.UnsupportedAssignor, $"There is no assignor '{assignor}'.")
            : null;
    }

    private Verdict? Beat(
        ConsumerGroupHeartbeatRequest request, in RequestContext context, ConsumerGroupHeartbeatResponse response,
        Instant now, Effects effects)
    {
        if (FindOrBegin(request.GroupId, request.MemberEpoch == JoinEpoch, now, effects) is not { } change)
            return NoGroup(request.GroupId);
        var memberId = request.MemberId.Length > 0 ? request.MemberId : ids.Next();
        if (change.Find(memberId) is null && change.Members.Count() >= settings.ConsumerMaxSize)
            return new Verdict(ErrorCode.GroupMaxSizeReached, "The group has all the members that it may have.");
        var owned = request.TopicPartitions?.SelectMany(topic => topic.Partitions.Select(
            partition => new TopicIdPartition(topic.TopicId, partition))).ToHashSet();
        var error = Admit(change, memberId, request, owned, out var former);
        if (error != ErrorCode.None)
            return new Verdict(error, Explain(error));

        var member = Described(former, request, context);
        if (UpdateRegex(change, former, member, now, out var isRegexKnown) is { } invalid)
            return invalid;
        if (change.Find(memberId) is null || !member.IsDescribedAs(former))
            change.PutMetadata(member);
        UpdateEpoch(change, isRegexKnown || member.ServerAssignor != former.ServerAssignor
            || !member.SubscribedTopicNames.SetEquals(former.SubscribedTopicNames));
        UpdateTarget(change, now);
        var next = Reconcile(change, member, owned, now);
        RenewSession(change.Group, next, now);
        if (table.Find(request.GroupId) != change.Group)
            table.Draft(change.Group);

        response.MemberId = memberId;
        response.MemberEpoch = next.Epoch;
        response.HeartbeatIntervalMs = Setting("consumer.heartbeat.interval.ms", request.GroupId);
        if (request.MemberEpoch == JoinEpoch || IsFull(request)
            || !next.Assigned.Keys.SequenceEqual(former.Assigned.Keys))
            response.Assignment = new() { TopicPartitions = ByTopic(next.Assigned.Keys) };
        return null;
    }

    /// <summary>Who says everything, as after a failure, does not know what it was told.</summary>
    private static bool IsFull(ConsumerGroupHeartbeatRequest request) =>
        request.RebalanceTimeoutMs >= 0 && request.TopicPartitions is not null
        && (request.SubscribedTopicNames is not null || request.SubscribedTopicRegex is not null);

    /// <summary>
    /// The group; one that is not there yet for who joins. A classic group becomes a consumer group then, if it may.
    /// </summary>
    private ConsumerGroupChange? FindOrBegin(string groupId, bool mayBegin, Instant now, Effects effects)
    {
        switch (table.Find(groupId))
        {
            case ConsumerGroup group:
                return new ConsumerGroupChange(group, effects);
            case null when mayBegin:
                return new ConsumerGroupChange(new ConsumerGroup(groupId), effects);
            case ClassicGroup classic when mayBegin:
                return FromClassic(classic, now, effects);
            default:
                return null;
        }
    }

    /// <summary>Finds the member, or makes one of who joins; <paramref name="member"/> is it as it was.</summary>
    private static ErrorCode Admit(
        ConsumerGroupChange change, string memberId, ConsumerGroupHeartbeatRequest request,
        HashSet<TopicIdPartition>? owned, out ConsumerMember member)
    {
        var isJoining = request.MemberEpoch == JoinEpoch;
        var present = change.Find(memberId);
        member = present ?? new ConsumerMember(memberId) { InstanceId = request.InstanceId };
        if (request.InstanceId is { } instanceId)
        {
            var owner = change.Members.FirstOrDefault(other => other.InstanceId == instanceId);
            if (owner is not null && owner.MemberId != memberId)
                return Replace(change, owner, isJoining, memberId, out member);
            if (owner is null && !isJoining)
                return ErrorCode.UnknownMemberId;
        }

        if (present is null)
            return isJoining ? ErrorCode.None : ErrorCode.UnknownMemberId;
        if (present.Epoch == AwayEpoch && isJoining)
        {
            member = present with { Epoch = 0, PreviousEpoch = 0 };
            return ErrorCode.None;
        }

        return present.Classic is not null ? ErrorCode.None : ConsumerGroup.ValidateEpoch(
            present, request.MemberEpoch, () => owned?.All(present.Assigned.ContainsKey) == true);
    }

    /// <summary>A static member that went for a while gives all that it has to its next incarnation.</summary>
    private static ErrorCode Replace(
        ConsumerGroupChange change, ConsumerMember owner, bool isJoining, string memberId, out ConsumerMember member)
    {
        member = owner;
        if (!isJoining)
            return ErrorCode.FencedInstanceId;
        if (owner.Epoch != AwayEpoch)
            return ErrorCode.UnreleasedInstanceId;
        member = Inherit(change, owner, memberId, 0);
        return ErrorCode.None;
    }

    private static ConsumerMember Inherit(
        ConsumerGroupChange change, ConsumerMember owner, string memberId, int epoch)
    {
        var target = change.FindTarget(owner.MemberId) ?? NoPartitions;
        var heir = owner with { MemberId = memberId, Epoch = epoch, PreviousEpoch = epoch };
        change.RemoveMember(owner);
        change.PutMetadata(heir);
        change.SetTarget(memberId, target);
        change.PutAssignment(heir);
        return heir;
    }

    /// <summary>The member as the request describes it; what it leaves out stays.</summary>
    private static ConsumerMember Described(
        ConsumerMember member, ConsumerGroupHeartbeatRequest request, in RequestContext context) => member with
        {
            InstanceId = request.InstanceId ?? member.InstanceId,
            RackId = request.RackId ?? member.RackId,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs < 0
                ? member.RebalanceTimeoutMs
                : request.RebalanceTimeoutMs,
            ServerAssignor = request.ServerAssignor ?? member.ServerAssignor,
            SubscribedTopicNames = request.SubscribedTopicNames is { } names
            ? ModernMember.NoNames.Union(names)
            : member.SubscribedTopicNames,
            SubscribedTopicRegex = request.SubscribedTopicRegex ?? member.SubscribedTopicRegex,
            ClientId = context.ClientId,
            ClientHost = context.ClientHost,
            Classic = null,
        };

    private Verdict? Leave(
        ConsumerGroupHeartbeatRequest request, ConsumerGroupHeartbeatResponse response, Instant now, Effects effects)
    {
        if (table.Find<ConsumerGroup>(request.GroupId) is not { } group)
            return NoGroup(request.GroupId);
        var error = request.InstanceId is { } instanceId ? group.ValidateInstance(instanceId, request.MemberId)
            : group.Find(request.MemberId) is null ? ErrorCode.UnknownMemberId
            : ErrorCode.None;
        if (error != ErrorCode.None)
            return new Verdict(error, Explain(error));
        var member = group.Find(request.MemberId)!;
        var change = new ConsumerGroupChange(group, effects);
        if (request.MemberEpoch == AwayEpoch)
            GoAway(change, member);
        else
            Remove(change, [member], now, effects);
        response.MemberId = request.MemberId;
        response.MemberEpoch = request.MemberEpoch;
        return null;
    }

    /// <summary>It keeps what it was assigned until its session ends; what it was to give up it has given up.</summary>
    private static void GoAway(ConsumerGroupChange change, ConsumerMember member)
    {
        change.PutAssignment(member with
        {
            Epoch = AwayEpoch,
            Assigned = ConsumerMember.Nothing.AddRange(
                member.Assigned.Keys.Select(partition => KeyValuePair.Create(partition, 0))),
            PendingRevocation = ConsumerMember.Nothing,
        });
        change.Group.EndRebalance(member.MemberId);
    }

    private static Verdict NoGroup(string groupId) =>
        new(ErrorCode.GroupIdNotFound, $"There is no consumer group {groupId}.");

    private static string Explain(ErrorCode error) => error switch
    {
        ErrorCode.UnknownMemberId => "The group has no such member.",
        ErrorCode.FencedMemberEpoch => "The member is not at this epoch: it must join again.",
        ErrorCode.FencedInstanceId => "The instance id is that of another member.",
        ErrorCode.UnreleasedInstanceId => "The instance id is that of another member, which is there.",
        _ => error.ToString(),
    };

    private static List<ConsumerGroupHeartbeatResponse.TopicPartition> ByTopic(
        IEnumerable<TopicIdPartition> partitions) =>
        [.. partitions.GroupBy(partition => partition.TopicId).Select(
            topic => new ConsumerGroupHeartbeatResponse.TopicPartition
            {
                TopicId = topic.Key, Partitions = [.. topic.Select(partition => partition.Partition)],
            })];
}
