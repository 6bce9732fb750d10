using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

// What administrators ask, and the states that the share coordinator begins and deletes for them.
internal sealed partial class ShareGroups
{
    public ShareGroupDescribeResponse.DescribedGroup Describe(string groupId)
    {
        if (table.Find<ShareGroup>(groupId) is not { } group)
            return new()
            {
                GroupId = groupId,
                ErrorCode = groupId.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.GroupIdNotFound,
                ErrorMessage = groupId.Length == 0 ? null : NoGroup(groupId).Message,
            };
        return new()
        {
            GroupId = groupId,
            GroupState = group.StateName,
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.TargetEpoch,
            AssignorName = SimpleAssignor.Name,
            Members = [.. group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal).Select(Describe)],
        };
    }

    /// <summary>What the share coordinator keeps for the group; nothing for one that is not there.</summary>
    public SharedTopics TopicsOf(string groupId) => table.Find<ShareGroup>(groupId)?.Topics ?? SharedTopics.None;

    /// <summary>Whether the group's states may be changed: nobody may be in it.</summary>
    public ErrorCode MayChange(string groupId, bool mayBegin) =>
        groupId.Length == 0 ? ErrorCode.InvalidGroupId
        : table.Find(groupId) is not { } group ? (mayBegin ? ErrorCode.None : ErrorCode.GroupIdNotFound)
        : group is not ShareGroup ? ErrorCode.GroupIdNotFound
        : group.IsEmpty ? ErrorCode.None
        : ErrorCode.NonEmptyGroup;

    /// <summary>Notes that states are to be begun, of a group that may be new; the state epoch to begin with.</summary>
    public int BeginInitialize(string groupId, IReadOnlyList<SharedTopic> topics, Effects effects)
    {
        var group = table.Find<ShareGroup>(groupId);
        if (group is null)
            table.Draft(group = new ShareGroup(groupId));
        var change = new ShareGroupChange(group, effects);
        change.SetTopics(change.Topics.Initialize(topics));
        return group.Epoch;
    }

    /// <summary>The share coordinator has begun these states.</summary>
    public void CompleteInitialize(string groupId, IReadOnlyList<SharedTopic> topics, Effects effects)
    {
        if (table.Find<ShareGroup>(groupId) is not { } group)
            return;
        var change = new ShareGroupChange(group, effects);
        var kept = topics.Where(topic => change.Topics.Initializing.ContainsKey(topic.TopicId)).ToList();
        if (kept.Count > 0)
            change.SetTopics(change.Topics.Complete(kept));
    }

    /// <summary>
    /// Notes that the states of the topics are to be deleted, of all if none is named; which partitions have some.
    /// </summary>
    public IReadOnlyList<SharedTopic> BeginDelete(string groupId, IReadOnlySet<Uuid>? topicIds, Effects effects)
    {
        if (table.Find<ShareGroup>(groupId) is not { } group)
            return [];
        var deleted = group.Topics.Initialize(group.Topics.Initialized.Values).Initializing.Values
            .Concat(group.Topics.Deleting.Select(topic => new SharedTopic(topic.Key, topic.Value, All(topic.Key))))
            .Where(topic => topicIds?.Contains(topic.TopicId) != false)
            .OrderBy(topic => topic.Name, StringComparer.Ordinal).ToList();
        if (deleted.Count > 0)
            new ShareGroupChange(group, effects).SetTopics(group.Topics.Delete(deleted));
        return deleted;
    }

    /// <summary>The share coordinator has deleted the states of these topics.</summary>
    public void CompleteDelete(string groupId, IEnumerable<Uuid> topicIds, Effects effects)
    {
        if (table.Find<ShareGroup>(groupId) is { } group)
            new ShareGroupChange(group, effects).SetTopics(group.Topics.Forget(topicIds));
    }

    /// <summary>Deletes the group once the share coordinator has nothing of it.</summary>
    public ErrorCode Delete(string groupId, Effects effects)
    {
        var error = MayChange(groupId, mayBegin: false);
        if (error == ErrorCode.None)
            table.Find<ShareGroup>(groupId)!.Delete(effects);
        return error;
    }

    /// <summary>What was noted to be deleted has no partitions in the record: those of the topic are meant.</summary>
    private ImmutableSortedSet<int> All(Uuid topicId) =>
        [.. Enumerable.Range(0, Topics.Find(topicId)?.Partitions.Length ?? 0)];

    private ShareGroupDescribeResponse.Member Describe(ShareMember member) => new()
    {
        MemberId = member.MemberId,
        RackId = member.RackId,
        MemberEpoch = member.Epoch,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        SubscribedTopicNames = [.. member.SubscribedTopicNames],
        Assignment = new()
        {
            TopicPartitions = [.. member.Assigned.GroupBy(partition => partition.TopicId)
                .Where(topic => Topics.Find(topic.Key) is not null)
                .Select(topic => new ShareGroupDescribeResponse.TopicPartition
                {
                    TopicId = topic.Key,
                    TopicName = Topics.Find(topic.Key)!.Name,
                    Partitions = [.. topic.Select(partition => partition.Partition)],
                })],
        },
    };
}
