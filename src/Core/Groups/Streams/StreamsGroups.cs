using System.Collections.Immutable;
using System.Globalization;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// Serves the streams groups of a shard: what a <see cref="GroupCoordinator"/> is asked about them comes here.
/// </summary>
/// <remarks>
/// <para>A heartbeat of a member does all: it tells a change of the member, finds out what the topics let the topology
/// be, begins a new group epoch, has the target assignment computed when it is due, and moves the member a step towards
/// it. 1. What is durable changes by <see cref="Replay"/> alone; a call says it in records by a
/// <see cref="StreamsGroupChange"/>. 2. An answer waits for the records that it was made from.</para>
/// </remarks>
internal sealed partial class StreamsGroups(GroupTable table, GroupSettings settings)
{
    private const string StandbyReplicas = "num.standby.replicas";
    private const string RackAwareTags = "rack.aware.assignment.tags";

    private readonly StringCache _strings = new();
    private readonly StickyTaskAssignor _assignor = new();

    private TopicsImage Topics => table.Image.Topics;

    /// <summary>Applies one record of a streams group. True if the group ended by it.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public bool Replay(short type, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var (groupId, memberId) = GroupRecords.ReadNames(key, _strings);
        if (value is not { } bytes)
            return Forget(type, groupId, memberId);
        var group = table.GetOrAdd(groupId, id => new StreamsGroup(id));
        switch (type)
        {
            case StreamsGroupRecords.Epoch:
                group.SetEpoch(Read<StreamsGroupMetadataValue>(bytes));
                break;
            case StreamsGroupRecords.Topology:
                group.SetTopology(new StreamsTopology(Read<StreamsGroupTopologyValue>(bytes)));
                break;
            case StreamsGroupRecords.Member:
                group.Put(MemberOf(group, memberId).With(Read<StreamsGroupMemberMetadataValue>(bytes)));
                break;
            case StreamsGroupRecords.TargetEpoch:
                var target = Read<StreamsGroupTargetAssignmentMetadataValue>(bytes);
                group.SetTargetEpoch(target.AssignmentEpoch, new Instant(target.AssignmentTimestamp));
                break;
            case StreamsGroupRecords.Target:
                group.SetTarget(memberId, StreamsGroupRecords.TasksOf(
                    Read<StreamsGroupTargetAssignmentMemberValue>(bytes)));
                break;
            case StreamsGroupRecords.Assignment:
                group.Put(MemberOf(group, memberId).With(Read<StreamsGroupCurrentMemberAssignmentValue>(bytes)));
                break;
        }

        return false;
    }

    /// <summary>Begins service after the log was replayed: every member gets a full session.</summary>
    public void Start(Instant now)
    {
        foreach (var group in table.Groups.OfType<StreamsGroup>())
            foreach (var member in group.Members)
            {
                RenewSession(group, member, now);
                if (member.State == MemberState.UnrevokedPartitions)
                    BeginRebalance(group, member, now);
            }
    }

    /// <summary>Does what is due in a group: sessions and rebalances that ended, the first assignment.</summary>
    public void Expire(StreamsGroup group, Instant now, Effects effects)
    {
        var change = new StreamsGroupChange(group, effects);
        var expired = group.Expired(now);
        if (expired.Count > 0)
            Remove(change, expired);
        else if (group.InitialDelayEnd <= now)
            EndInitialDelay(change, now);
    }

    private void EndInitialDelay(StreamsGroupChange change, Instant now)
    {
        change.Group.InitialDelayEnd = Instant.Never;
        if (!change.Group.IsEmpty && change.Group.Configured is { } configured && change.Epoch > change.TargetEpoch)
            ComputeTarget(change, configured, change.Group.AssignmentConfigs, now);
    }

    private bool Forget(short type, string groupId, string memberId)
    {
        if (table.Find<StreamsGroup>(groupId) is not { } group)
            return false;
        switch (type)
        {
            case StreamsGroupRecords.Member:
                group.Remove(memberId);
                break;
            case StreamsGroupRecords.Target:
                group.SetTarget(memberId, null);
                break;
            case StreamsGroupRecords.Assignment when group.Find(memberId) is { } member:
                group.Put(member.With(new StreamsGroupCurrentMemberAssignmentValue { State = 1 }));
                break;
            case StreamsGroupRecords.Topology:
                group.SetTopology(null);
                break;
        }

        return type == StreamsGroupRecords.Epoch;
    }

    private T Read<T>(ReadOnlyMemory<byte> bytes)
        where T : IMessage, new() => GroupRecords.ReadValue<T>(bytes, 0, _strings);

    private static StreamsMember MemberOf(StreamsGroup group, string memberId) =>
        group.Find(memberId) ?? new StreamsMember(memberId);

    private int Setting(string name, string groupId) => settings.OfGroup(name, groupId, table.Image);

    /// <summary>The settings of a group that its assignment depends on, as they are recorded.</summary>
    private ImmutableSortedDictionary<string, string> AssignmentConfigs(string groupId)
    {
        var configs = StreamsMember.NoTags.SetItem(StandbyReplicas,
            Setting("streams.num.standby.replicas", groupId).ToString(CultureInfo.InvariantCulture));
        var tags = settings.TextOfGroup("streams.rack.aware.assignment.tags", groupId, table.Image);
        return ConfigText.IsBlank(tags)
            ? configs
            : configs.SetItem(RackAwareTags, string.Join(",", ConfigText.Items(tags)));
    }

    private void RenewSession(StreamsGroup group, StreamsMember member, Instant now)
    {
        var end = now + Setting("streams.session.timeout.ms", group.GroupId);
        group.RenewSession(member.MemberId, end);
        table.Arm(group, end);
    }

    private void BeginRebalance(StreamsGroup group, StreamsMember member, Instant now)
    {
        var end = now + Math.Max(0, member.RebalanceTimeoutMs);
        group.BeginRebalance(member.MemberId, end);
        table.Arm(group, end);
    }

    /// <summary>
    /// Finds out what the topics let the topology be, when one of them has changed. The hash is that of the topics.
    /// </summary>
    private ConfiguredTopology Configure(StreamsGroupChange change, StreamsTopology topology, out long hash)
    {
        var group = change.Group;
        hash = group.MetadataHash;
        if (group.Configured is { } present && ReferenceEquals(group.SeenTopics, Topics))
            return present;
        hash = MetadataHash.Of(topology.RequiredTopics, Topics);
        if (group.Configured is { } former && hash == group.MetadataHash)
        {
            group.SeenTopics = Topics;
            return former;
        }

        return new TopologyConfiguration(topology, Topics).Configure();
    }

    /// <summary>Computes the target assignment for the group's epoch if it is due. False if it has to wait.</summary>
    private bool UpdateTarget(
        StreamsGroupChange change, ConfiguredTopology configured, ImmutableSortedDictionary<string, string> configs,
        Instant now)
    {
        if (change.Epoch <= change.TargetEpoch)
            return true;
        if (!change.Group.IsAssignmentDue(
            change.Epoch, Setting("streams.assignment.interval.ms", change.Group.GroupId), now))
            return false;
        ComputeTarget(change, configured, configs, now);
        return true;
    }

    private void ComputeTarget(
        StreamsGroupChange change, ConfiguredTopology configured, ImmutableSortedDictionary<string, string> configs,
        Instant now)
    {
        var members = change.Members.Select(member => new AssignedStreamsMember(
            member.MemberId, member.ProcessId, member.Assigned,
            change.Group.OffsetsOf(member.MemberId).Offsets)).ToList();
        var targets = configured.IsReady
            ? _assignor.Assign(
                members, configured.Subtopologies,
                int.Parse(configs.GetValueOrDefault(StandbyReplicas, "0"), CultureInfo.InvariantCulture))
            : members.ToDictionary(member => member.MemberId, _ => StreamsTasks.None);
        foreach (var (memberId, target) in targets)
            if (change.FindTarget(memberId) != target)
                change.SetTarget(memberId, target);
        change.SetTargetEpoch(now);
    }

    private StreamsMember Reconcile(
        StreamsGroupChange change, StreamsMember member, StreamsTasks target, StreamsTasks? owned, string? replacedId,
        Instant now)
    {
        var next = new Reconciliation(change.Group, change.TargetEpoch, target, owned, replacedId).Next(member);
        if (next.IsAssignedAs(member))
            return next;
        change.PutAssignment(next);
        if (next.State == MemberState.UnrevokedPartitions)
            BeginRebalance(change.Group, next, now);
        else
            change.Group.EndRebalance(next.MemberId);
        return next;
    }

    /// <summary>Members go; a group that nobody is left in has its assignment at once.</summary>
    private static void Remove(StreamsGroupChange change, List<StreamsMember> members)
    {
        foreach (var member in members)
            change.RemoveMember(member);
        change.NextEpoch(
            change.Group.MetadataHash, change.Group.ValidatedTopologyEpoch, change.Group.AssignmentConfigs);
        if (!change.Members.Any())
            change.SetTargetEpoch(new Instant(0));
    }
}
