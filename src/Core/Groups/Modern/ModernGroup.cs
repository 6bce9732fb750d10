using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Groups.Modern;

/// <summary>
/// A group whose assignment the broker computes (KIP-848, 932, 1071): its members, its epoch, the target assignment
/// and the deadlines that run. Owned by the <see cref="GroupTable"/>; who serves the kind decides, this type keeps the
/// books.
/// </summary>
/// <typeparam name="TMember">What the records tell of a member.</typeparam>
/// <typeparam name="TTarget">What a member is to have; immutable.</typeparam>
/// <remarks>
/// <para>Three epochs. The group's goes up with each change of members, subscriptions and topics. The target
/// assignment is computed for one of them. Each member moves to that one on its own, in its heartbeats.</para>
/// <para>1. Members, epochs and targets change by replay alone. 2. Deadlines are soft: after a reload every member
/// gets a full session. 3. An instance id is that of one member. 4. The target's epoch is never above the group's.
/// </para>
/// </remarks>
internal abstract class ModernGroup<TMember, TTarget>(string groupId) : Group(groupId)
    where TMember : ModernMember
    where TTarget : class
{
    /// <summary>The epoch of a group of which no record says another.</summary>
    public const int FirstEpoch = 1;

    private readonly Dictionary<string, TMember> _members = [];
    private readonly Dictionary<string, string> _instances = [];
    private readonly Dictionary<string, TTarget> _targets = [];
    private readonly Dictionary<string, Deadlines> _deadlines = [];

    /// <summary>The group epoch.</summary>
    public int Epoch { get; private set; } = FirstEpoch;

    /// <summary>Of the subscribed topics as they were when the epoch began; 0 if there were none.</summary>
    public long MetadataHash { get; private set; }

    /// <summary>The group epoch for which the target assignment was computed.</summary>
    public int TargetEpoch { get; private set; } = FirstEpoch;

    /// <summary>When it was computed; the beginning of time where no record says.</summary>
    public Instant TargetSince { get; private set; } = new(0);

    public override string ProtocolType => TypeName;

    public override bool IsEmpty => _members.Count == 0;

    public int Count => _members.Count;

    /// <summary>In no order that would outlive a reload.</summary>
    public IEnumerable<TMember> Members => _members.Values;

    public override string StateName =>
        IsEmpty ? "Empty"
        : Epoch > TargetEpoch ? "Assigning"
        : _members.Values.All(member => member.IsReconciledTo(TargetEpoch)) ? "Stable"
        : "Reconciling";

    public TMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    public TMember? FindStatic(string instanceId) =>
        _instances.TryGetValue(instanceId, out var memberId) ? _members[memberId] : null;

    /// <summary>What the member is to have; null if nothing was computed for it.</summary>
    public TTarget? FindTarget(string memberId) => _targets.GetValueOrDefault(memberId);

    /// <summary>Whom records of the target assignment name, be they members or not.</summary>
    public IEnumerable<string> Targeted => _targets.Keys;

    /// <summary>Replay: the member is so.</summary>
    public virtual void Put(TMember member)
    {
        if (_members.GetValueOrDefault(member.MemberId)?.InstanceId is { } former && former != member.InstanceId)
            Release(former, member.MemberId);
        _members[member.MemberId] = member;
        if (member.InstanceId is { } instanceId)
            _instances[instanceId] = member.MemberId;
    }

    /// <summary>Replay: the member is gone, with its deadlines.</summary>
    public virtual void Remove(string memberId)
    {
        if (_members.Remove(memberId, out var member) && member.InstanceId is { } instanceId)
            Release(instanceId, memberId);
        _deadlines.Remove(memberId);
    }

    /// <summary>Replay: the group's epoch, and the hash of the topics that it knows.</summary>
    public void SetEpoch(int epoch, long metadataHash) => (Epoch, MetadataHash) = (epoch, metadataHash);

    /// <summary>Replay: the target assignment is that of this epoch.</summary>
    public void SetTargetEpoch(int epoch, Instant since) => (TargetEpoch, TargetSince) = (epoch, since);

    /// <summary>Replay: what the member is to have, or that nothing is told of it any more.</summary>
    public void SetTarget(string memberId, TTarget? target)
    {
        if (target is null)
            _targets.Remove(memberId);
        else
            _targets[memberId] = target;
    }

    /// <summary>
    /// Whether a member may go on from the epoch that it names. It may be behind by the one answer that it did not
    /// get: then <paramref name="hasOnlyOfItsOwn"/> tells whether all that it has is assigned to it.
    /// </summary>
    public static ErrorCode ValidateEpoch(TMember member, int epoch, Func<bool> hasOnlyOfItsOwn) =>
        epoch == member.Epoch || epoch == 0 ? ErrorCode.None
        : epoch < member.Epoch && epoch == member.PreviousEpoch && hasOnlyOfItsOwn() ? ErrorCode.None
        : ErrorCode.FencedMemberEpoch;

    /// <summary>Who holds the instance id must be this member.</summary>
    public ErrorCode ValidateInstance(string instanceId, string memberId) =>
        !_instances.TryGetValue(instanceId, out var owner) ? ErrorCode.UnknownMemberId
        : owner != memberId ? ErrorCode.FencedInstanceId
        : ErrorCode.None;

    /// <summary>Whether a new target assignment is to be computed: at most one in an interval.</summary>
    public bool IsAssignmentDue(int epoch, long intervalMs, Instant now) =>
        epoch > TargetEpoch && TargetSince + intervalMs <= now;

    /// <summary>The member was heard; it is to be heard again by then.</summary>
    public void RenewSession(string memberId, Instant end) => _deadlines[memberId] =
        _deadlines.GetValueOrDefault(memberId, Deadlines.None) with { Session = end };

    /// <summary>The member is to have done by then what it was told: give partitions up, rejoin, sync.</summary>
    public void BeginRebalance(string memberId, Instant end) => _deadlines[memberId] =
        _deadlines.GetValueOrDefault(memberId, Deadlines.None) with { Rebalance = end };

    /// <summary>The member did what it was told.</summary>
    public void EndRebalance(string memberId)
    {
        if (_deadlines.TryGetValue(memberId, out var running))
            _deadlines[memberId] = running with { Rebalance = Instant.Never };
    }

    public bool IsRebalancing(string memberId) =>
        _deadlines.TryGetValue(memberId, out var running) && running.Rebalance != Instant.Never;

    /// <summary>Members whose time is over, by their ids in ordinal order.</summary>
    public List<TMember> Expired(Instant now) =>
        [.. _members.Values.Where(member =>
                _deadlines.TryGetValue(member.MemberId, out var running) && running.First <= now)
            .OrderBy(member => member.MemberId, StringComparer.Ordinal)];

    public override Instant NextDeadline()
    {
        var next = Instant.Never;
        foreach (var (memberId, running) in _deadlines)
            if (_members.ContainsKey(memberId))
                next = Instant.Min(next, running.First);
        return next;
    }

    private void Release(string instanceId, string memberId)
    {
        if (_instances.GetValueOrDefault(instanceId) == memberId)
            _instances.Remove(instanceId);
    }

    private readonly record struct Deadlines(Instant Session, Instant Rebalance)
    {
        public static readonly Deadlines None = new(Instant.Never, Instant.Never);

        public Instant First => Instant.Min(Session, Rebalance);
    }
}
