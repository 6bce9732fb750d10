using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Share;

// Members join, keep up and leave by heartbeats.
internal sealed partial class ShareGroups
{
    private const int JoinEpoch = 0;
    private const int LeaveEpoch = -1;

    /// <summary>How long the share coordinator has to begin states before it is asked again.</summary>
    private const long InitializeRetryMs = 30_000;

    /// <summary>A heartbeat; with epoch 0 it joins, with -1 it leaves.</summary>
    public void Heartbeat(
        ShareGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects)
    {
        var before = effects.RecordCount;
        var bytesBefore = effects.RecordBytes;
        var response = new ShareGroupHeartbeatResponse();
        var refusal = Refusal(request)
            ?? (request.MemberEpoch == LeaveEpoch
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

    private static Verdict? Refusal(ShareGroupHeartbeatRequest request)
    {
        if (request.MemberId.Length == 0)
            return new Verdict(ErrorCode.InvalidRequest, null);
        var problem = string.IsNullOrWhiteSpace(request.GroupId) ? "The group id is empty."
            : request.RackId is { } rack && string.IsNullOrWhiteSpace(rack) ? "The rack id is empty."
            : request.MemberEpoch < LeaveEpoch ? $"The member epoch {request.MemberEpoch} means nothing."
            : request is { MemberEpoch: JoinEpoch, SubscribedTopicNames: null or { Count: 0 } }
                ? "Who joins must subscribe."
            : null;
        return problem is null ? null : new Verdict(ErrorCode.InvalidRequest, problem);
    }

    private Verdict? Beat(
        ShareGroupHeartbeatRequest request, in RequestContext context, ShareGroupHeartbeatResponse response,
        Instant now, Effects effects)
    {
        var isJoining = request.MemberEpoch == JoinEpoch;
        var group = table.Find<ShareGroup>(request.GroupId)
            ?? (isJoining && table.Find(request.GroupId) is null ? new ShareGroup(request.GroupId) : null);
        if (group is null)
            return NoGroup(request.GroupId);
        var present = group.Find(request.MemberId);
        if (present is null && !isJoining)
            return new Verdict(ErrorCode.UnknownMemberId, "The group has no such member.");
        if (present is null && group.Count >= settings.ShareMaxSize)
            return new Verdict(ErrorCode.GroupMaxSizeReached, "The group has all the members that it may have.");
        if (present is not null
            && ShareGroup.ValidateEpoch(present, request.MemberEpoch, () => true) is var error and not ErrorCode.None)
            return new Verdict(error, "The member is not at this epoch: it must join again.");

        var change = new ShareGroupChange(group, effects);
        var member = UpdateMember(change, present, request, context);
        UpdateEpoch(change, member.SubscribedTopicNames.SetEquals(present?.SubscribedTopicNames ?? []));
        UpdateTarget(change, now);
        var next = Reconcile(change, member);
        Initialize(change, now);
        RenewSession(group, next.MemberId, now);
        if (table.Find(request.GroupId) != group)
            table.Draft(group);

        response.MemberId = next.MemberId;
        response.MemberEpoch = next.Epoch;
        response.HeartbeatIntervalMs = Setting("share.heartbeat.interval.ms", request.GroupId);
        if (isJoining || !next.Assigned.SetEquals(present?.Assigned ?? []))
            response.Assignment = new()
            {
                TopicPartitions = [.. next.Assigned.GroupBy(partition => partition.TopicId).Select(
                    topic => new ShareGroupHeartbeatResponse.TopicPartition
                    {
                        TopicId = topic.Key,
                        Partitions = [.. topic.Select(partition => partition.Partition)],
                    })],
            };
        return null;
    }

    /// <summary>The member as the request describes it; what it leaves out stays.</summary>
    private static ShareMember UpdateMember(
        ShareGroupChange change, ShareMember? present, ShareGroupHeartbeatRequest request, in RequestContext context)
    {
        var former = present ?? new ShareMember(request.MemberId);
        var member = former with
        {
            RackId = request.RackId ?? former.RackId,
            ClientId = context.ClientId,
            ClientHost = context.ClientHost,
            SubscribedTopicNames = request.SubscribedTopicNames is { } names
                ? ModernMember.NoNames.Union(names)
                : former.SubscribedTopicNames,
        };
        var isSame = present is not null && member.RackId == former.RackId && member.ClientId == former.ClientId
            && member.ClientHost == former.ClientHost
            && member.SubscribedTopicNames.SetEquals(former.SubscribedTopicNames);
        if (isSame)
            return former;
        change.PutMetadata(member);
        return member;
    }

    /// <summary>Begins a group epoch if something changed that counts for the assignment.</summary>
    private void UpdateEpoch(ShareGroupChange change, bool isSubscriptionSame)
    {
        var hash = change.MetadataHash;
        if (!isSubscriptionSame || !ReferenceEquals(change.Group.SeenTopics, Topics))
            hash = MetadataHash.Of(change.SubscribedTopics, Topics);
        change.Group.SeenTopics = Topics;
        if (!isSubscriptionSame || hash != change.MetadataHash || HasUnassigned(change))
            change.SetEpoch(change.Epoch + 1, hash);
    }

    /// <summary>States were begun of partitions that nobody is to have yet.</summary>
    private bool HasUnassigned(ShareGroupChange change)
    {
        if (change.Epoch > change.TargetEpoch)
            return false;
        var assigned = change.Members
            .SelectMany(member => change.FindTarget(member.MemberId) ?? []).ToImmutableHashSet();
        return Assignable(change).Any(topic => topic.Partitions.Any(
            partition => !assigned.Contains(new TopicIdPartition(topic.TopicId, partition))));
    }

    /// <summary>The subscribed topics with those partitions whose states were begun, in the order of names.</summary>
    private IEnumerable<SharedTopic> Assignable(ShareGroupChange change) =>
        from name in change.SubscribedTopics
        let topic = Topics.Find(name)
        where topic is not null && change.Topics.Initialized.ContainsKey(topic.Id)
        select change.Topics.Initialized[topic.Id];

    /// <summary>Computes the target assignment for the group's epoch, unless the last one is too young.</summary>
    private void UpdateTarget(ShareGroupChange change, Instant now)
    {
        var interval = Setting("share.assignment.interval.ms", change.Group.GroupId);
        if (change.Epoch <= change.TargetEpoch || change.TargetSince + interval > now)
            return;
        foreach (var (memberId, target) in SimpleAssignor.Assign([.. change.Members], [.. Assignable(change)])
            .OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            if (change.FindTarget(memberId) is not { } former || !former.SetEquals(target))
                change.SetTarget(memberId, target);
        }

        change.SetTargetEpoch(change.Epoch, now);
    }

    /// <summary>A member has what it is to have at once.</summary>
    private static ShareMember Reconcile(ShareGroupChange change, ShareMember member)
    {
        if (member.Epoch == change.TargetEpoch)
            return member;
        var next = member with
        {
            Epoch = change.TargetEpoch,
            PreviousEpoch = member.Epoch,
            Assigned = change.FindTarget(member.MemberId) ?? [],
        };
        change.PutAssignment(next);
        return next;
    }

    /// <summary>Asks the share coordinator to begin the states of what is subscribed to and has none.</summary>
    private void Initialize(ShareGroupChange change, Instant now)
    {
        var missing = new List<SharedTopic>();
        foreach (var name in change.SubscribedTopics)
        {
            if (Topics.Find(name) is not { } topic)
                continue;
            var begun = change.Topics.Initialized.GetValueOrDefault(topic.Id)?.Partitions ?? [];
            var left = Enumerable.Range(0, topic.Partitions.Length).Except(begun).ToImmutableSortedSet();
            if (!left.IsEmpty)
                missing.Add(new SharedTopic(topic.Id, name, left));
        }

        var known = change.Topics.Initializing;
        var isNew = missing.Exists(topic =>
            !topic.Partitions.IsSubsetOf(known.GetValueOrDefault(topic.TopicId)?.Partitions ?? []));
        if (missing.Count == 0 || (!isNew && change.Group.AskedAt + InitializeRetryMs > now))
            return;
        if (isNew)
            change.SetTopics(change.Topics.Initialize(missing));
        change.Group.AskedAt = now;
        change.Send(new InitializeShareStates(change.Group.GroupId, change.Epoch, [.. missing]));
    }

    private Verdict? Leave(
        ShareGroupHeartbeatRequest request, ShareGroupHeartbeatResponse response, Effects effects)
    {
        if (table.Find<ShareGroup>(request.GroupId) is not { } group)
            return NoGroup(request.GroupId);
        if (group.Find(request.MemberId) is not { } member)
            return new Verdict(ErrorCode.UnknownMemberId, "The group has no such member.");
        Remove(new ShareGroupChange(group, effects), [member]);
        response.MemberId = request.MemberId;
        response.MemberEpoch = LeaveEpoch;
        return null;
    }
}
