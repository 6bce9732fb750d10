using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// Serves the consumer groups of a shard: what a <see cref="GroupCoordinator"/> is asked about them comes here.
/// </summary>
/// <remarks>
/// <para>A heartbeat of a member does all: it tells a change of the member, begins a new group epoch, has the target
/// assignment computed when it is due, and moves the member a step towards it. 1. What is durable changes by
/// <see cref="Replay"/> alone; a call says it in records by a <see cref="ConsumerGroupChange"/>. 2. An answer waits
/// for the records that it was made from.</para>
/// </remarks>
internal sealed partial class ConsumerGroups(GroupTable table, GroupSettings settings, IMemberIds ids)
{
    /// <summary>How long after a match of regular expressions the next may be; Kafka fixes it.</summary>
    private const long RegexIntervalMs = 10_000;

    private static readonly ImmutableSortedSet<TopicIdPartition> NoPartitions = [];

    private readonly StringCache _strings = new();

    private TopicsImage Topics => table.Image.Topics;

    /// <summary>Applies one record of a consumer group. True if the group ended by it.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public bool Replay(short type, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var (groupId, detail) = GroupRecords.ReadNames(key, _strings);
        if (value is not { } bytes)
            return Forget(type, groupId, detail);
        var group = table.GetOrAdd(groupId, id => new ConsumerGroup(id));
        switch (type)
        {
            case ConsumerGroupRecords.Epoch:
                var epoch = Read<ConsumerGroupMetadataValue>(bytes);
                group.SetEpoch(epoch.Epoch, epoch.MetadataHash);
                break;
            case ConsumerGroupRecords.Member:
                group.Put(MemberOf(group, detail).With(Read<ConsumerGroupMemberMetadataValue>(bytes)));
                break;
            case ConsumerGroupRecords.TargetEpoch:
                var target = Read<ConsumerGroupTargetAssignmentMetadataValue>(bytes);
                group.SetTargetEpoch(target.AssignmentEpoch, new Instant(target.AssignmentTimestamp));
                break;
            case ConsumerGroupRecords.Target:
                group.SetTarget(detail, ConsumerGroupRecords.Partitions(
                    Read<ConsumerGroupTargetAssignmentMemberValue>(bytes)));
                break;
            case ConsumerGroupRecords.Assignment:
                group.Put(MemberOf(group, detail).With(Read<ConsumerGroupCurrentMemberAssignmentValue>(bytes)));
                break;
            case ConsumerGroupRecords.Regex:
                var resolved = Read<ConsumerGroupRegularExpressionValue>(bytes);
                group.SetRegex(detail, new ResolvedRegex(
                    ModernMember.NoNames.Union(resolved.Topics), new Instant(resolved.Timestamp)));
                break;
        }

        return false;
    }

    /// <summary>Begins service after the log was replayed: every member gets a full session.</summary>
    public void Start(Instant now)
    {
        foreach (var group in table.Groups.OfType<ConsumerGroup>())
        {
            foreach (var member in group.Members)
            {
                RenewSession(group, member, now);
                if (member.State == MemberState.UnrevokedPartitions)
                    BeginRebalance(group, member, now);
            }

            AskForRegexes(group, now);
        }
    }

    /// <summary>Topics or settings changed: patterns are matched again, all else the next heartbeats see to.</summary>
    public void OnMetadata(Instant now)
    {
        foreach (var group in table.Groups.OfType<ConsumerGroup>().Where(group => group.Regexes.Count > 0))
            AskForRegexes(group, now);
    }

    /// <summary>Does what is due in a group: sessions and rebalances that ended, patterns to match.</summary>
    public void Expire(ConsumerGroup group, Instant now, Effects effects)
    {
        var expired = group.Expired(now);
        if (expired.Count > 0)
            Remove(new ConsumerGroupChange(group, effects), expired, now, effects);
        else if (group.RegexDue <= now)
            MatchRegexes(group, now, effects);
    }

    private bool Forget(short type, string groupId, string detail)
    {
        if (table.Find<ConsumerGroup>(groupId) is not { } group)
            return false;
        switch (type)
        {
            case ConsumerGroupRecords.Member:
                group.Remove(detail);
                break;
            case ConsumerGroupRecords.Target:
                group.SetTarget(detail, null);
                break;
            case ConsumerGroupRecords.Assignment when group.Find(detail) is { } member:
                group.Put(member.With(new ConsumerGroupCurrentMemberAssignmentValue()));
                break;
            case ConsumerGroupRecords.Regex:
                group.SetRegex(detail, null);
                break;
        }

        return type == ConsumerGroupRecords.Epoch;
    }

    private T Read<T>(ReadOnlyMemory<byte> bytes)
        where T : IMessage, new() => GroupRecords.ReadValue<T>(bytes, 0, _strings);

    private static ConsumerMember MemberOf(ConsumerGroup group, string memberId) =>
        group.Find(memberId) ?? new ConsumerMember(memberId);

    private int Setting(string name, string groupId) => settings.OfGroup(name, groupId, table.Image);

    private void RenewSession(ConsumerGroup group, ConsumerMember member, Instant now)
    {
        var end = now + (member.Classic?.SessionTimeoutMs
            ?? Setting("consumer.session.timeout.ms", group.GroupId));
        group.RenewSession(member.MemberId, end);
        table.Arm(group, end);
    }

    private void BeginRebalance(ConsumerGroup group, ConsumerMember member, Instant now)
    {
        var end = now + Math.Max(0, member.RebalanceTimeoutMs);
        group.BeginRebalance(member.MemberId, end);
        table.Arm(group, end);
    }

    /// <summary>Begins a group epoch if something changed that counts for the assignment.</summary>
    private void UpdateEpoch(ConsumerGroupChange change, bool hasChanged)
    {
        if (!hasChanged && ReferenceEquals(change.Group.SeenTopics, Topics))
            return;
        change.Group.SeenTopics = Topics;
        var hash = MetadataHash.Of(SubscribedTopics(change), Topics);
        if (hasChanged || hash != change.MetadataHash)
            change.SetEpoch(change.Epoch + 1, hash);
    }

    private static ImmutableSortedSet<string> SubscribedTopics(ConsumerGroupChange change)
    {
        var topics = ModernMember.NoNames;
        foreach (var member in change.Members)
            topics = topics.IsEmpty ? change.TopicsOf(member) : topics.Union(change.TopicsOf(member));
        return topics;
    }

    /// <summary>Computes the target assignment for the group's epoch, unless the last one is too young.</summary>
    private void UpdateTarget(ConsumerGroupChange change, Instant now)
    {
        var interval = Setting("consumer.assignment.interval.ms", change.Group.GroupId);
        if (change.Epoch <= change.TargetEpoch || change.TargetSince + interval > now)
            return;
        var partitions = new Dictionary<Uuid, int>();
        var members = new List<AssignedMember>();
        foreach (var member in change.Members)
        {
            var topics = ImmutableSortedSet.CreateBuilder(Comparer<Uuid>.Create(
                (left, right) => new TopicIdPartition(left, 0).CompareTo(new TopicIdPartition(right, 0))));
            foreach (var name in change.TopicsOf(member))
                if (Topics.Find(name) is { } topic)
                {
                    topics.Add(topic.Id);
                    partitions[topic.Id] = topic.Partitions.Length;
                }

            members.Add(new AssignedMember(
                member.MemberId, member.InstanceId, topics.ToImmutable(),
                change.FindTarget(member.MemberId) ?? NoPartitions));
        }

        var targets = AssignorOf(change).Assign(members, partitions);
        foreach (var member in members)
            if (change.FindTarget(member.MemberId) is not { } former || !former.SetEquals(targets[member.MemberId]))
                change.SetTarget(member.MemberId, targets[member.MemberId]);
        change.SetTargetEpoch(change.Epoch, now);
    }

    /// <summary>The assignor that most members want, or else the first that the broker has.</summary>
    private IPartitionAssignor AssignorOf(ConsumerGroupChange change) =>
        settings.Assignor(PreferredAssignor(change.Members))!;

    private string PreferredAssignor(IEnumerable<ConsumerMember> members) =>
        members.Select(member => member.ServerAssignor).OfType<string>().GroupBy(name => name)
            .OrderByDescending(votes => votes.Count()).ThenBy(votes => votes.Key, StringComparer.Ordinal)
            .FirstOrDefault()?.Key ?? settings.ConsumerAssignors[0].Name;

    /// <summary>Moves a member a step, and watches that it does its part.</summary>
    private ConsumerMember Reconcile(
        ConsumerGroupChange change, ConsumerMember member, HashSet<TopicIdPartition>? owned, Instant now)
    {
        bool IsSubscribed(TopicIdPartition partition) =>
            Topics.Find(partition.TopicId) is { } topic && change.IsSubscribedTo(member, topic.Name);

        var next = new Reconciliation(change, IsSubscribed, owned).Next(member);
        if (next.IsAssignedAs(member))
            return member;
        change.PutAssignment(next);
        if (next.Classic is not null)
            return next;
        if (next.State == MemberState.UnrevokedPartitions)
            BeginRebalance(change.Group, next, now);
        else
            change.Group.EndRebalance(next.MemberId);
        return next;
    }

    /// <summary>
    /// Takes members out, which begins a group epoch. If only members of the classic protocol are left, the group
    /// becomes a classic one again.
    /// </summary>
    private void Remove(ConsumerGroupChange change, List<ConsumerMember> members, Instant now, Effects effects)
    {
        if (BecomesClassic(change, members))
        {
            TurnClassic(change, members, now, effects);
            return;
        }

        foreach (var member in members)
            change.RemoveMember(member);
        DropRegexes(change, members);
        var left = change.Members.Any();
        change.SetEpoch(change.Epoch + 1, left ? MetadataHash.Of(SubscribedTopics(change), Topics) : 0);
        if (!left)
            change.SetTargetEpoch(change.Epoch, new Instant(0));
    }
}
