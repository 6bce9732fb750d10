using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// What one call makes of a consumer group: each step becomes a record, and what is read here is the group as it will
/// be when the records are replayed. The group itself is left as it is.
/// </summary>
internal sealed class ConsumerGroupChange(ConsumerGroup group, Effects effects)
{
    private readonly Dictionary<string, ConsumerMember?> _members = [];
    private readonly Dictionary<string, ImmutableSortedSet<TopicIdPartition>?> _targets = [];
    private readonly Dictionary<string, ResolvedRegex?> _regexes = [];
    private readonly Dictionary<TopicIdPartition, string?> _holders = [];

    public ConsumerGroup Group => group;

    public int Epoch { get; private set; } = group.Epoch;

    public long MetadataHash { get; private set; } = group.MetadataHash;

    public int TargetEpoch { get; private set; } = group.TargetEpoch;

    public Instant TargetSince { get; private set; } = group.TargetSince;

    /// <summary>By their ids in ordinal order.</summary>
    public IEnumerable<ConsumerMember> Members =>
        group.Members.Where(member => !_members.ContainsKey(member.MemberId))
            .Concat(_members.Values.OfType<ConsumerMember>())
            .OrderBy(member => member.MemberId, StringComparer.Ordinal);

    public ConsumerMember? Find(string memberId) =>
        _members.TryGetValue(memberId, out var changed) ? changed : group.Find(memberId);

    public ImmutableSortedSet<TopicIdPartition>? FindTarget(string memberId) =>
        _targets.TryGetValue(memberId, out var changed) ? changed : group.FindTarget(memberId);

    public ResolvedRegex? FindRegex(string regex) =>
        _regexes.TryGetValue(regex, out var changed) ? changed : group.Regexes.GetValueOrDefault(regex);

    public string? HolderOf(TopicIdPartition partition) =>
        _holders.TryGetValue(partition, out var changed) ? changed : group.HolderOf(partition);

    public bool IsSubscribedTo(ConsumerMember member, string topic) =>
        member.SubscribedTopicNames.Contains(topic)
        || FindRegex(member.SubscribedTopicRegex)?.Topics.Contains(topic) == true;

    /// <summary>All that a member subscribes to, by name and by pattern.</summary>
    public ImmutableSortedSet<string> TopicsOf(ConsumerMember member) =>
        FindRegex(member.SubscribedTopicRegex) is { } resolved
            ? member.SubscribedTopicNames.Union(resolved.Topics)
            : member.SubscribedTopicNames;

    public void PutMetadata(ConsumerMember member)
    {
        Append(ConsumerGroupRecords.Member, member.MemberId, ConsumerGroupRecords.MetadataOf(member));
        _members[member.MemberId] = member;
    }

    public void PutAssignment(ConsumerMember member)
    {
        Append(ConsumerGroupRecords.Assignment, member.MemberId, ConsumerGroupRecords.AssignmentOf(member));
        Release(Find(member.MemberId));
        _members[member.MemberId] = member;
        foreach (var partition in member.Held)
            _holders[partition] = member.MemberId;
    }

    public void RemoveMember(ConsumerMember member)
    {
        Append(ConsumerGroupRecords.Assignment, member.MemberId, null);
        Append(ConsumerGroupRecords.Target, member.MemberId, null);
        Append(ConsumerGroupRecords.Member, member.MemberId, null);
        Release(Find(member.MemberId));
        _members[member.MemberId] = null;
        _targets[member.MemberId] = null;
    }

    public void SetTarget(string memberId, ImmutableSortedSet<TopicIdPartition> target)
    {
        Append(ConsumerGroupRecords.Target, memberId, ConsumerGroupRecords.TargetOf(target));
        _targets[memberId] = target;
    }

    public void SetEpoch(int epoch, long metadataHash)
    {
        ConsumerGroupRecords.OfGroup(effects, ConsumerGroupRecords.Epoch, group.GroupId,
            new ConsumerGroupMetadataValue { Epoch = epoch, MetadataHash = metadataHash });
        (Epoch, MetadataHash) = (epoch, metadataHash);
    }

    public void SetTargetEpoch(int epoch, Instant since)
    {
        ConsumerGroupRecords.OfGroup(effects, ConsumerGroupRecords.TargetEpoch, group.GroupId,
            new ConsumerGroupTargetAssignmentMetadataValue
            {
                AssignmentEpoch = epoch, AssignmentTimestamp = since.Milliseconds,
            });
        (TargetEpoch, TargetSince) = (epoch, since);
    }

    public void SetRegex(string regex, ResolvedRegex? resolved)
    {
        Append(ConsumerGroupRecords.Regex, regex, resolved is null ? null : new ConsumerGroupRegularExpressionValue
        {
            Topics = [.. resolved.Topics], Timestamp = resolved.ResolvedAt.Milliseconds,
        });
        _regexes[regex] = resolved;
    }

    /// <summary>Deletes all: what members have, what they are to have, themselves, last the group's epoch.</summary>
    public void DeleteGroup()
    {
        var members = Members.ToList();
        foreach (var member in members)
            Append(ConsumerGroupRecords.Assignment, member.MemberId, null);
        foreach (var member in members)
            Append(ConsumerGroupRecords.Target, member.MemberId, null);
        ConsumerGroupRecords.OfGroup(effects, ConsumerGroupRecords.TargetEpoch, group.GroupId, null);
        foreach (var member in members)
            Append(ConsumerGroupRecords.Member, member.MemberId, null);
        foreach (var regex in group.Regexes.Keys.Concat(_regexes.Keys).Distinct().ToList())
            if (FindRegex(regex) is not null)
                SetRegex(regex, null);
        ConsumerGroupRecords.OfGroup(effects, ConsumerGroupRecords.PartitionMetadata, group.GroupId, null);
        ConsumerGroupRecords.OfGroup(effects, ConsumerGroupRecords.Epoch, group.GroupId, null);
    }

    private void Append(short type, string memberId, Protocol.Wire.IMessage? value) =>
        ConsumerGroupRecords.OfMember(effects, type, group.GroupId, memberId, value);

    private void Release(ConsumerMember? member)
    {
        if (member is null)
            return;
        foreach (var partition in member.Held)
            if (HolderOf(partition) == member.MemberId)
                _holders[partition] = null;
    }
}
