using Millrace.Core.Coordinators;
using Millrace.Protocol;

namespace Millrace.Core.Groups;

/// <summary>What a record tells of a group that is not classic.</summary>
internal enum GroupFact
{
    Epoch,
    TargetEpoch,
    Member,
    CurrentAssignment,
    Other,
}

/// <summary>
/// A share group of which nothing is known but its records: its members can't be heard here.
/// Owned by <see cref="GroupCoordinator"/>; durable state that only its Replay changes.
/// </summary>
/// <remarks>
/// <para>1. The records are those that stand in the log and were not deleted: to delete them all deletes the group.
/// </para>
/// <para>2. Nothing of it ends by time: neither members nor the group's offsets.</para>
/// </remarks>
internal sealed class StoredGroup(string groupId, GroupType type) : Group(groupId)
{
    private readonly HashSet<(short Type, string Detail)> _records = [];
    private readonly Dictionary<string, CurrentMember> _members = [];
    private int _epoch;
    private int _targetEpoch;

    public override GroupType Type { get; } = type;

    public override bool IsEmpty => _members.Count == 0;

    public override string ProtocolType => TypeName;

    /// <summary>As Kafka calls it: what the epochs of group and members say.</summary>
    public override string StateName =>
        IsEmpty ? "Empty"
        : Type == GroupType.Share ? "Stable"
        : _epoch > _targetEpoch ? "Assigning"
        : _members.Values.All(member => member == new CurrentMember(_targetEpoch, 0)) ? "Stable"
        : "Reconciling";

    /// <summary>Whether one is a member, in the group's own sense of epochs.</summary>
    public ErrorCode Validate(string memberId, int epoch) =>
        !_members.TryGetValue(memberId, out var member) ? ErrorCode.UnknownMemberId
        : member.Epoch != epoch ? ErrorCode.StaleMemberEpoch
        : ErrorCode.None;

    /// <summary>Takes over a record; what is of no use here is only known to stand in the log.</summary>
    public void Adopt(in StoredRecord record)
    {
        _records.Add((record.Type, record.Detail));
        switch (record.Fact)
        {
            case GroupFact.Epoch:
                _epoch = record.Epoch;
                break;
            case GroupFact.TargetEpoch:
                _targetEpoch = record.Epoch;
                break;
            case GroupFact.Member:
                _members.TryAdd(record.Detail, default);
                break;
            case GroupFact.CurrentAssignment:
                _members[record.Detail] = new CurrentMember(record.Epoch, record.MemberState);
                break;
        }
    }

    /// <summary>A record was deleted.</summary>
    public void Forget(in StoredRecord record)
    {
        _records.Remove((record.Type, record.Detail));
        switch (record.Fact)
        {
            case GroupFact.TargetEpoch:
                _targetEpoch = 0;
                break;
            case GroupFact.Member:
                _members.Remove(record.Detail);
                break;
            case GroupFact.CurrentAssignment when _members.ContainsKey(record.Detail):
                _members[record.Detail] = default;
                break;
        }
    }

    /// <summary>
    /// Deletes every record of the group, which nobody is in. Kafka reads none but in this order: first what members
    /// have, then what they are to have, themselves, and last the epoch, which has the lowest type.
    /// </summary>
    public override void Delete(Effects effects)
    {
        foreach (var (type, detail) in _records
            .OrderByDescending(record => record.Type).ThenBy(record => record.Detail, StringComparer.Ordinal))
            GroupRecords.DeleteStored(effects, type, GroupId, detail);
    }

    /// <summary>Where a member is on its way to the target assignment.</summary>
    private readonly record struct CurrentMember(int Epoch, sbyte State);
}
