using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// What one call makes of a streams group: each step becomes a record, and what is read here is the group as it will be
/// when the records are replayed. The group itself is left as it is.
/// </summary>
internal sealed class StreamsGroupChange(StreamsGroup group, Effects effects)
{
    private readonly Dictionary<string, StreamsMember?> _members = [];
    private readonly Dictionary<string, StreamsTasks?> _targets = [];

    public StreamsGroup Group => group;

    public StreamsTopology? Topology { get; private set; } = group.Topology;

    public int Epoch { get; private set; } = group.Epoch;

    public int TargetEpoch { get; private set; } = group.TargetEpoch;

    /// <summary>By their ids in ordinal order.</summary>
    public IEnumerable<StreamsMember> Members =>
        group.Members.Where(member => !_members.ContainsKey(member.MemberId))
            .Concat(_members.Values.OfType<StreamsMember>())
            .OrderBy(member => member.MemberId, StringComparer.Ordinal);

    public StreamsMember? Find(string memberId) =>
        _members.TryGetValue(memberId, out var changed) ? changed : group.Find(memberId);

    public StreamsTasks? FindTarget(string memberId) =>
        _targets.TryGetValue(memberId, out var changed) ? changed : group.FindTarget(memberId);

    public void PutMetadata(StreamsMember member)
    {
        Append(StreamsGroupRecords.Member, member.MemberId, StreamsGroupRecords.MetadataOf(member));
        _members[member.MemberId] = member;
    }

    public void PutAssignment(StreamsMember member)
    {
        Append(StreamsGroupRecords.Assignment, member.MemberId, StreamsGroupRecords.AssignmentOf(member));
        _members[member.MemberId] = member;
    }

    public void RemoveMember(StreamsMember member)
    {
        Append(StreamsGroupRecords.Assignment, member.MemberId, null);
        Append(StreamsGroupRecords.Target, member.MemberId, null);
        Append(StreamsGroupRecords.Member, member.MemberId, null);
        _members[member.MemberId] = null;
        _targets[member.MemberId] = null;
    }

    public void SetTopology(StreamsTopology topology)
    {
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.Topology, group.GroupId, topology.Value);
        Topology = topology;
    }

    public void SetTarget(string memberId, StreamsTasks target)
    {
        Append(StreamsGroupRecords.Target, memberId, StreamsGroupRecords.TargetOf(target));
        _targets[memberId] = target;
    }

    /// <summary>Begins the next group epoch.</summary>
    public void NextEpoch(
        long metadataHash, int validatedTopologyEpoch, ImmutableSortedDictionary<string, string> configs)
    {
        Epoch++;
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.Epoch, group.GroupId, new StreamsGroupMetadataValue
        {
            Epoch = Epoch,
            MetadataHash = metadataHash,
            ValidatedTopologyEpoch = validatedTopologyEpoch,
            LastAssignmentConfigs = [.. configs.Select(
                config => new StreamsGroupMetadataValue.LastAssignmentConfig
                {
                    Key = config.Key, Value = config.Value,
                })],
            StoredDescriptionTopologyEpoch = group.Recorded.StoredDescriptionTopologyEpoch,
            FailedDescriptionTopologyEpoch = group.Recorded.FailedDescriptionTopologyEpoch,
        });
    }

    /// <summary>The target assignment is that of the group's epoch.</summary>
    public void SetTargetEpoch(Instant since)
    {
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.TargetEpoch, group.GroupId,
            new StreamsGroupTargetAssignmentMetadataValue
            {
                AssignmentEpoch = Epoch, AssignmentTimestamp = since.Milliseconds,
            });
        TargetEpoch = Epoch;
    }

    /// <summary>Deletes all: what members have, what they are to have, themselves, last epoch and topology.</summary>
    public void DeleteGroup()
    {
        var members = Members.ToList();
        foreach (var member in members)
            Append(StreamsGroupRecords.Assignment, member.MemberId, null);
        foreach (var memberId in group.Targeted.Order(StringComparer.Ordinal))
            Append(StreamsGroupRecords.Target, memberId, null);
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.TargetEpoch, group.GroupId, null);
        foreach (var member in members)
            Append(StreamsGroupRecords.Member, member.MemberId, null);
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.Epoch, group.GroupId, null);
        StreamsGroupRecords.OfGroup(effects, StreamsGroupRecords.Topology, group.GroupId, null);
    }

    private void Append(short type, string memberId, IMessage? value) =>
        StreamsGroupRecords.OfMember(effects, type, group.GroupId, memberId, value);
}
