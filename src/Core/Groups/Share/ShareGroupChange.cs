using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// What one call makes of a share group: each step becomes a record, and what is read here is the group as it will be
/// when the records are replayed. The group itself is left as it is.
/// </summary>
internal sealed class ShareGroupChange(ShareGroup group, Effects effects)
{
    private readonly Dictionary<string, ShareMember?> _members = [];
    private readonly Dictionary<string, ImmutableSortedSet<TopicIdPartition>> _targets = [];

    public ShareGroup Group => group;

    public int Epoch { get; private set; } = group.Epoch;

    public int TargetEpoch { get; private set; } = group.TargetEpoch;

    public Instant TargetSince { get; private set; } = group.TargetSince;

    public long MetadataHash { get; private set; } = group.MetadataHash;

    public SharedTopics Topics { get; private set; } = group.Topics;

    /// <summary>By their ids in ordinal order.</summary>
    public IEnumerable<ShareMember> Members =>
        group.Members.Where(member => !_members.ContainsKey(member.MemberId))
            .Concat(_members.Values.OfType<ShareMember>())
            .OrderBy(member => member.MemberId, StringComparer.Ordinal);

    /// <summary>The names that any member subscribes to.</summary>
    public ImmutableSortedSet<string> SubscribedTopics => Members.Aggregate(
        ModernMember.NoNames, (names, member) => names.Union(member.SubscribedTopicNames));

    public ImmutableSortedSet<TopicIdPartition>? FindTarget(string memberId) =>
        _targets.GetValueOrDefault(memberId) ?? group.FindTarget(memberId);

    public void PutMetadata(ShareMember member)
    {
        Append(ShareGroupRecords.Member, member.MemberId, ShareGroupRecords.MetadataOf(member));
        _members[member.MemberId] = member;
    }

    public void PutAssignment(ShareMember member)
    {
        Append(ShareGroupRecords.Assignment, member.MemberId, ShareGroupRecords.AssignmentOf(member));
        _members[member.MemberId] = member;
    }

    public void Remove(ShareMember member)
    {
        Append(ShareGroupRecords.Assignment, member.MemberId, null);
        Append(ShareGroupRecords.Target, member.MemberId, null);
        Append(ShareGroupRecords.Member, member.MemberId, null);
        _members[member.MemberId] = null;
    }

    public void SetTarget(string memberId, ImmutableSortedSet<TopicIdPartition> target)
    {
        Append(ShareGroupRecords.Target, memberId, ShareGroupRecords.TargetOf(target));
        _targets[memberId] = target;
    }

    public void SetEpoch(int epoch, long metadataHash)
    {
        ShareGroupRecords.OfGroup(effects, ShareGroupRecords.Epoch, group.GroupId, new ShareGroupMetadataValue
        {
            Epoch = epoch, MetadataHash = metadataHash,
        });
        (Epoch, MetadataHash) = (epoch, metadataHash);
    }

    public void SetTargetEpoch(int epoch, Instant since)
    {
        ShareGroupRecords.OfGroup(
            effects, ShareGroupRecords.TargetEpoch, group.GroupId, new ShareGroupTargetAssignmentMetadataValue
            {
                AssignmentEpoch = epoch, AssignmentTimestamp = since.Milliseconds,
            });
        (TargetEpoch, TargetSince) = (epoch, since);
    }

    public void SetTopics(SharedTopics topics)
    {
        ShareGroupRecords.OfGroup(
            effects, ShareGroupRecords.Topics, group.GroupId, ShareGroupRecords.TopicsOf(topics));
        Topics = topics;
    }

    public void Send(CoordinatorMessage message) => effects.Send(message);

    private void Append(short type, string memberId, IMessage? value) =>
        ShareGroupRecords.OfMember(effects, type, group.GroupId, memberId, value);
}
