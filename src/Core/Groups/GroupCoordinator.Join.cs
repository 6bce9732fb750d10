using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Share;
using Millrace.Core.Groups.Streams;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// How members come in.
internal sealed partial class GroupCoordinator
{
    private const short FirstWithRequiredId = 4;
    private const short FirstWithSkipAssignment = 9;
    private const int LongestIdPrefix = 512;

    /// <summary>Joins a group; the reply may wait until the group's next generation begins.</summary>
    public void Join(
        JoinGroupRequest request, in RequestContext context, PendingReply reply, Instant now, Effects effects)
    {
        var join = new JoinCall(request, context, reply, now, effects);
        if (request.GroupId.Length == 0)
            join.Refuse(ErrorCode.InvalidGroupId);
        else if (request.SessionTimeoutMs < _settings.MinSessionTimeoutMs
            || request.SessionTimeoutMs > _settings.MaxSessionTimeoutMs)
            join.Refuse(ErrorCode.InvalidSessionTimeout);
        else
            JoinKind(join);
    }

    private void JoinKind(in JoinCall join)
    {
        switch (_table.Find(join.Request.GroupId))
        {
            case ClassicGroup classic:
                Join(classic, join);
                break;
            case ConsumerGroup { IsEmpty: false } consumer:
                _consumers.Join(consumer, join.Request, join.Context, join.Reply, join.Now, join.Effects);
                break;
            case ConsumerGroup or ShareGroup or StreamsGroup:
                JoinOther(_table.Find(join.Request.GroupId)!, join);
                break;
            default:
                JoinUnknown(join);
                break;
        }
    }

    private void JoinUnknown(in JoinCall join)
    {
        if (join.Request.MemberId.Length > 0)
        {
            join.Refuse(ErrorCode.UnknownMemberId);
            return;
        }

        var group = new ClassicGroup(join.Request.GroupId);
        if (Join(group, join))
            _table.Add(group);
    }

    /// <summary>
    /// A consumer or streams group that nobody is in becomes a classic one, which keeps its offsets. Others are closed
    /// to classic members.
    /// </summary>
    private void JoinOther(Group stored, in JoinCall join)
    {
        var group = new ClassicGroup(stored.GroupId);
        if (!stored.IsEmpty || stored.Type == GroupType.Share)
        {
            join.Refuse(ErrorCode.InconsistentGroupProtocol, "");
            return;
        }

        if (join.Request.MemberId.Length > 0)
        {
            join.Refuse(ErrorCode.UnknownMemberId);
            return;
        }

        if (!Join(group, join with { TurnsGroup = true }))
            return;
        stored.Delete(join.Effects);
        _table.Draft(group);
    }

    /// <summary>False when the group refused the member.</summary>
    private bool Join(ClassicGroup group, in JoinCall join)
    {
        var memberId = join.Request.MemberId;
        if (IsFull(group, memberId))
        {
            join.Refuse(ErrorCode.GroupMaxSizeReached, "");
            group.Pending.Remove(memberId);
            if (group.Find(memberId) is { } surplus)
                Remove(group, surplus, join.Effects);
            CompleteIfAllJoined(group, join.Now, join.Effects);
            return false;
        }

        if (!group.Accepts(join.Request.ProtocolType, join.Request.Protocols) || HasTwins(join.Request.Protocols))
        {
            join.Refuse(ErrorCode.InconsistentGroupProtocol);
            return false;
        }

        if (memberId.Length == 0)
            JoinWithoutId(group, join);
        else
            JoinWithId(group, join);
        return true;
    }

    /// <summary>While members gather those who wait count, so that too large a group shrinks.</summary>
    private bool IsFull(ClassicGroup group, string memberId) => group.State switch
    {
        GroupState.Empty => false,
        GroupState.PreparingRebalance =>
            group.Find(memberId)?.Join is null && group.AwaitingJoin >= _settings.MaxSize,
        _ => group.Find(memberId) is null && group.Count >= _settings.MaxSize,
    };

    private static bool HasTwins(List<JoinGroupRequest.Protocol> protocols) =>
        protocols.Count > 1 && protocols.Select(protocol => protocol.Name).Distinct().Count() < protocols.Count;

    private void JoinWithoutId(ClassicGroup group, in JoinCall join)
    {
        var instanceId = join.Request.GroupInstanceId;
        var prefix = instanceId ?? join.Context.ClientId;
        var memberId = $"{prefix[..Math.Min(prefix.Length, LongestIdPrefix)]}-{_ids.Next()}";
        if (instanceId is not null && group.FindStatic(instanceId) is { } former)
            ReplaceStatic(group, former, memberId, join);
        else if (instanceId is null && join.Context.ApiVersion >= FirstWithRequiredId)
            HandOutId(group, memberId, join);
        else
            Admit(group, memberId, join);
    }

    private void HandOutId(ClassicGroup group, string memberId, in JoinCall join)
    {
        var deadline = join.Now + join.Request.SessionTimeoutMs;
        group.Pending.Add(memberId, deadline);
        _table.Arm(group, deadline);
        join.Refuse(ErrorCode.MemberIdRequired, memberId);
    }

    private void JoinWithId(ClassicGroup group, in JoinCall join)
    {
        var request = join.Request;
        if (request.GroupInstanceId is null && group.Pending.ContainsKey(request.MemberId))
        {
            Admit(group, request.MemberId, join);
            return;
        }

        var error = group.Validate(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            join.Refuse(error);
            return;
        }

        var member = group.Find(request.MemberId)!;
        var isCurrent = group.State switch
        {
            GroupState.CompletingRebalance => member.Matches(request.Protocols),
            GroupState.Stable => group.Leader != member.MemberId && member.Matches(request.Protocols),
            _ => false,
        };
        if (isCurrent)
            join.Effects.Reply(join.Reply, GroupReplies.Joined(group, member));
        else
            Rejoin(group, member, join);
    }

    private void Admit(ClassicGroup group, string memberId, in JoinCall join)
    {
        var member = new ClassicMember(memberId, join.Request.GroupInstanceId) { IsNew = true };
        group.HasGathered = group.IsGathering;
        group.Add(member, join.Request.ProtocolType);
        member.SessionEnd = join.Now + _settings.NewMemberJoinTimeoutMs;
        _table.Arm(group, member.SessionEnd);
        Rejoin(group, member, join);
    }

    /// <summary>Takes over what the member says of itself, lets it wait, and rebalances.</summary>
    private void Rejoin(ClassicGroup group, ClassicMember member, in JoinCall join)
    {
        Update(group, member, join);
        if (group.TakeJoin(member) is { } earlier)
            join.Effects.Reply(
                earlier.Token,
                GroupReplies.JoinError(earlier.ApiVersion, member.MemberId, ErrorCode.RebalanceInProgress));
        group.ParkJoin(member, new ParkedRequest(join.Reply, join.Context.ApiVersion));
        if (group.State == GroupState.PreparingRebalance)
            CompleteIfAllJoined(group, join.Now, join.Effects);
        else
            Rebalance(group, join.Now, join.Effects);
    }

    private static void Update(ClassicGroup group, ClassicMember member, in JoinCall join)
    {
        var request = join.Request;
        member.ClientId = join.Context.ClientId;
        member.ClientHost = join.Context.ClientHost;
        member.SessionTimeoutMs = request.SessionTimeoutMs;
        member.RebalanceTimeoutMs =
            join.Context.ApiVersion == 0 ? request.SessionTimeoutMs : Math.Max(0, request.RebalanceTimeoutMs);
        if (!member.Matches(request.Protocols))
            group.SetProtocols(
                member, [.. request.Protocols.Select(one => new MemberProtocol(one.Name, one.Metadata.ToArray()))]);
    }

    /// <summary>
    /// A static member came back without its id: it gets a new one, and the old one is fenced. A stable group whose
    /// protocol does not change keeps its generation.
    /// </summary>
    private void ReplaceStatic(ClassicGroup group, ClassicMember former, string memberId, in JoinCall join)
    {
        var formerLeader = group.Leader;
        GroupReplies.Dismiss(group, former, ErrorCode.FencedInstanceId, join.Effects);
        var member = new ClassicMember(memberId, former.InstanceId)
        {
            Protocols = former.Protocols,
            Assignment = former.Assignment,
            OwesSync = former.OwesSync,
        };
        group.Replace(former, member);
        Update(group, member, join);
        RenewSession(group, member, join.Now);
        if (group.State != GroupState.Stable || group.SelectProtocol() != group.Protocol)
        {
            Rejoin(group, member, join);
            return;
        }

        var response = GroupReplies.Joined(group, member);
        if (join.Context.ApiVersion >= FirstWithSkipAssignment)
        {
            response.SkipAssignment = group.Leader == memberId;
        }
        else
        {
            response.Leader = formerLeader ?? "";
            response.Members = [];
        }

        GroupRecords.Store(join.Effects, group.GroupId, group.ToRecord(join.Now));
        join.Effects.Reply(join.Reply, response, afterCommit: true);
    }

    /// <summary>What one join comes with.</summary>
    private readonly record struct JoinCall(
        JoinGroupRequest Request, RequestContext Context, PendingReply Reply, Instant Now, Effects Effects)
    {
        /// <summary>The group becomes a classic one by this join, which its records are to say first.</summary>
        public bool TurnsGroup { get; init; }

        public void Refuse(ErrorCode error, string? memberId = null) => Effects.Reply(
            Reply, GroupReplies.JoinError(Context.ApiVersion, memberId ?? Request.MemberId, error), TurnsGroup);
    }
}
