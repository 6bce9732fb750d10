using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Classic;

/// <summary>
/// A classic group: its members, their votes and the deadlines that run. Owned by <see cref="GroupCoordinator"/>, which
/// decides; this type keeps the books.
/// </summary>
/// <remarks>
/// Durable is what the group's last record says; <see cref="Adopt"/> takes it over. Members that join and a generation
/// that waits for its assignment are soft: after a reload they are gone and their clients start over.
/// <para>1. Empty and Stable are entered by <see cref="Adopt"/> alone: what they show is in the log.</para>
/// <para>2. Members keep the order in which they joined; the first is the leader until it leaves.</para>
/// <para>3. Only in CompletingRebalance does a sync wait.</para>
/// </remarks>
internal sealed class ClassicGroup(string groupId) : Group(groupId)
{
    private readonly Dictionary<string, int> _supporters = [];
    private readonly Dictionary<string, string> _instances = [];
    private OrderedDictionary<string, ClassicMember> _members = [];
    private string _protocolType = "";

    public override GroupType Type => GroupType.Classic;

    public GroupState State { get; set; }

    public override string StateName => State.ToString();

    public override bool IsEmpty => State == GroupState.Empty;

    public int Generation { get; set; }

    public override string ProtocolType => _protocolType;

    public string? Protocol { get; set; }

    public string? Leader { get; private set; }

    /// <summary>When the stored state was entered; <see cref="Instant.Never"/> where old records do not say.</summary>
    public Instant StateSince { get; private set; } = Instant.Never;

    /// <summary>True once a record of the group is in the log.</summary>
    public bool IsStored { get; private set; }

    /// <summary>Ids that were handed out and may join until the deadline (KIP-394).</summary>
    public Dictionary<string, Instant> Pending { get; } = [];

    /// <summary>When the rebalance stops waiting for members.</summary>
    public Instant JoinEnd { get; set; } = Instant.Never;

    /// <summary>When members that owe a sync are removed.</summary>
    public Instant SyncEnd { get; set; } = Instant.Never;

    /// <summary>Its members are to rejoin at once: it was a consumer group before.</summary>
    public bool MustRebalance { get; set; }

    /// <summary>True while an empty group gathers its first members.</summary>
    public bool IsGathering { get; set; }

    /// <summary>True when a member came since the gathering was last prolonged.</summary>
    public bool HasGathered { get; set; }

    /// <summary>How much longer the gathering may be prolonged.</summary>
    public int GatheringLeftMs { get; set; }

    public int AwaitingJoin { get; private set; }

    public int Count => _members.Count;

    public IEnumerable<ClassicMember> Members => _members.Values;

    public bool HasAllJoined => _members.Count <= AwaitingJoin && Pending.Count == 0;

    public int RebalanceTimeoutMs
    {
        get
        {
            var longest = 0;
            foreach (var member in _members.Values)
                longest = Math.Max(longest, member.RebalanceTimeoutMs);
            return longest;
        }
    }

    public ClassicMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    public ClassicMember? FindStatic(string instanceId) =>
        _instances.TryGetValue(instanceId, out var memberId) ? _members[memberId] : null;

    /// <summary>Whether the member is one, and the owner of the instance id if it names one.</summary>
    public ErrorCode Validate(string memberId, string? instanceId)
    {
        if (instanceId is null)
            return _members.ContainsKey(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId;
        if (!_instances.TryGetValue(instanceId, out var owner))
            return ErrorCode.UnknownMemberId;
        return owner == memberId ? ErrorCode.None : ErrorCode.FencedInstanceId;
    }

    /// <summary>Whether one of these protocols could become the group's.</summary>
    public bool Accepts(string protocolType, List<JoinGroupRequest.Protocol> protocols)
    {
        if (State == GroupState.Empty)
            return protocolType.Length > 0 && protocols.Count > 0;
        if (protocolType != ProtocolType)
            return false;
        foreach (var protocol in protocols)
            if (_supporters.GetValueOrDefault(protocol.Name) == _members.Count)
                return true;
        return false;
    }

    public void Add(ClassicMember member, string protocolType)
    {
        if (_members.Count == 0)
            _protocolType = protocolType;
        Leader ??= member.MemberId;
        Pending.Remove(member.MemberId);
        _members.Add(member.MemberId, member);
        Enlist(member);
    }

    /// <summary>Takes a member out; what it waits for is the caller's to answer.</summary>
    public void Remove(ClassicMember member)
    {
        Dismiss(member);
        _members.Remove(member.MemberId);
        if (Leader == member.MemberId)
            Leader = _members.Count == 0 ? null : _members.GetAt(0).Key;
    }

    /// <summary>Puts a new incarnation of a static member in the place of the old one.</summary>
    public void Replace(ClassicMember old, ClassicMember member)
    {
        Dismiss(old);
        var place = _members.IndexOf(old.MemberId);
        _members.RemoveAt(place);
        _members.Insert(place, member.MemberId, member);
        Enlist(member);
        if (Leader == old.MemberId)
            Leader = member.MemberId;
    }

    public void SetProtocols(ClassicMember member, MemberProtocol[] protocols)
    {
        CountVotes(member, -1);
        member.Protocols = protocols;
        CountVotes(member, 1);
    }

    public void ParkJoin(ClassicMember member, ParkedRequest request)
    {
        AwaitingJoin += member.Join is null ? 1 : 0;
        member.Join = request;
    }

    public ParkedRequest? TakeJoin(ClassicMember member)
    {
        var join = member.Join;
        AwaitingJoin -= join is null ? 0 : 1;
        member.Join = null;
        return join;
    }

    /// <summary>Makes a member that joined the leader, the old one if possible; false when none joined.</summary>
    public bool ElectLeader()
    {
        if (Leader is not null && _members[Leader].Join is not null)
            return true;
        foreach (var member in _members.Values)
        {
            if (member.Join is null)
                continue;
            Leader = member.MemberId;
            return true;
        }

        return false;
    }

    /// <summary>The protocol with most votes: each member votes for the first of its own that all support.</summary>
    public string? SelectProtocol()
    {
        var votes = new OrderedDictionary<string, int>();
        foreach (var member in _members.Values)
            foreach (var protocol in member.Protocols)
                if (_supporters[protocol.Name] == _members.Count)
                {
                    votes[protocol.Name] = votes.GetValueOrDefault(protocol.Name) + 1;
                    break;
                }

        string? winner = null;
        foreach (var (name, count) in votes)
            if (winner is null || count > votes[winner])
                winner = name;
        return winner;
    }

    /// <summary>The record of the group as it stands, or of the next, empty generation.</summary>
    public GroupMetadataValue ToRecord(Instant now)
    {
        var value = new GroupMetadataValue
        {
            ProtocolType = ProtocolType,
            Generation = Generation,
            Protocol = Protocol,
            Leader = Leader,
            CurrentStateTimestamp = now.Milliseconds,
            Members = new(_members.Count),
        };
        foreach (var member in _members.Values)
            value.Members.Add(new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.RebalanceTimeoutMs,
                SessionTimeout = member.SessionTimeoutMs,
                Subscription = member.MetadataOf(Protocol),
                Assignment = member.Assignment,
            });
        return value;
    }

    /// <summary>Becomes what the record says. Members that are here already keep their soft state.</summary>
    public void Adopt(GroupMetadataValue value)
    {
        var former = _members;
        _members = [];
        _instances.Clear();
        _supporters.Clear();
        AwaitingJoin = 0;
        foreach (var stored in value.Members)
        {
            var member = former.GetValueOrDefault(stored.MemberId)
                ?? new ClassicMember(stored.MemberId, stored.GroupInstanceId);
            Restore(member, stored, value.Protocol ?? "");
            _members[member.MemberId] = member;
            AwaitingJoin += member.Join is null ? 0 : 1;
            Enlist(member);
        }

        State = _members.Count == 0 ? GroupState.Empty : GroupState.Stable;
        Generation = value.Generation;
        _protocolType = value.ProtocolType;
        Protocol = value.Protocol;
        Leader = _members.Count == 0 ? null : value.Leader;
        StateSince = value.CurrentStateTimestamp < 0 ? Instant.Never : new(value.CurrentStateTimestamp);
        IsStored = true;
    }

    public override void Delete(Effects effects) => GroupRecords.DeleteGroup(effects, GroupId);

    public override Instant NextDeadline()
    {
        var next = Instant.Min(JoinEnd, SyncEnd);
        foreach (var deadline in Pending.Values)
            next = Instant.Min(next, deadline);
        foreach (var member in _members.Values)
            next = Instant.Min(next, member.Deadline);
        return next;
    }

    private static void Restore(ClassicMember member, GroupMetadataValue.MemberMetadata stored, string protocol)
    {
        member.ClientId = stored.ClientId;
        member.ClientHost = stored.ClientHost;
        member.SessionTimeoutMs = stored.SessionTimeout;
        member.RebalanceTimeoutMs = stored.RebalanceTimeout < 0 ? stored.SessionTimeout : stored.RebalanceTimeout;
        if (!member.Supports(protocol) || !stored.Subscription.Span.SequenceEqual(member.MetadataOf(protocol)))
            member.Protocols = [new(protocol, stored.Subscription.ToArray())];
        if (!stored.Assignment.Span.SequenceEqual(member.Assignment))
            member.Assignment = stored.Assignment.ToArray();
    }

    private void Enlist(ClassicMember member)
    {
        if (member.InstanceId is { } instanceId)
            _instances[instanceId] = member.MemberId;
        CountVotes(member, 1);
    }

    private void Dismiss(ClassicMember member)
    {
        TakeJoin(member);
        if (member.InstanceId is { } instanceId)
            _instances.Remove(instanceId);
        CountVotes(member, -1);
    }

    private void CountVotes(ClassicMember member, int change)
    {
        foreach (var protocol in member.Protocols)
        {
            var supporters = _supporters.GetValueOrDefault(protocol.Name) + change;
            if (supporters == 0)
                _supporters.Remove(protocol.Name);
            else
                _supporters[protocol.Name] = supporters;
        }
    }
}
