using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

/// <summary>The records of share groups, by the numbers of their types, to and from what they say.</summary>
internal static class ShareGroupRecords
{
    public const short Member = 10;
    public const short Epoch = 11;
    public const short TargetEpoch = 12;
    public const short Target = 13;
    public const short Assignment = 14;
    public const short Topics = 15;

    /// <summary>Appends a record of the group itself; a null value deletes it.</summary>
    public static void OfGroup(Effects effects, short type, string groupId, IMessage? value) =>
        effects.Append(type, new ShareGroupMetadataKey { GroupId = groupId }, 0, value);

    /// <summary>Appends a record of a member; a null value deletes it.</summary>
    public static void OfMember(Effects effects, short type, string groupId, string memberId, IMessage? value) =>
        effects.Append(type, new ShareGroupMemberMetadataKey { GroupId = groupId, MemberId = memberId }, 0, value);

    public static ShareGroupMemberMetadataValue MetadataOf(ShareMember member) => new()
    {
        RackId = member.RackId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        SubscribedTopicNames = [.. member.SubscribedTopicNames],
    };

    /// <summary>The member as its new metadata record has it; its assignment stays.</summary>
    public static ShareMember With(this ShareMember member, ShareGroupMemberMetadataValue value) => member with
    {
        RackId = value.RackId,
        ClientId = value.ClientId,
        ClientHost = value.ClientHost,
        SubscribedTopicNames = ModernMember.NoNames.Union(value.SubscribedTopicNames),
    };

    public static ShareGroupCurrentMemberAssignmentValue AssignmentOf(ShareMember member) => new()
    {
        MemberEpoch = member.Epoch,
        PreviousMemberEpoch = member.PreviousEpoch,
        AssignedPartitions = [.. member.Assigned.GroupBy(partition => partition.TopicId).Select(
            topic => new ShareGroupCurrentMemberAssignmentValue.TopicPartitions
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(partition => partition.Partition)],
            })],
    };

    /// <summary>The member as its new assignment record has it; its metadata stay.</summary>
    public static ShareMember With(this ShareMember member, ShareGroupCurrentMemberAssignmentValue value) =>
        member with
        {
            Epoch = value.MemberEpoch,
            PreviousEpoch = value.PreviousMemberEpoch,
            Assigned = [.. value.AssignedPartitions.SelectMany(topic => topic.Partitions.Select(
                partition => new TopicIdPartition(topic.TopicId, partition)))],
        };

    public static ShareGroupTargetAssignmentMemberValue TargetOf(ImmutableSortedSet<TopicIdPartition> target) => new()
    {
        TopicPartitions = [.. target.GroupBy(partition => partition.TopicId).Select(
            topic => new ShareGroupTargetAssignmentMemberValue.TopicPartition
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(partition => partition.Partition)],
            })],
    };

    public static ImmutableSortedSet<TopicIdPartition> TargetOf(ShareGroupTargetAssignmentMemberValue value) =>
        [.. value.TopicPartitions.SelectMany(topic => topic.Partitions.Select(
            partition => new TopicIdPartition(topic.TopicId, partition)))];

    public static ShareGroupStatePartitionMetadataValue TopicsOf(SharedTopics topics) => new()
    {
        InitializingTopics = InfosOf(topics.Initializing),
        InitializedTopics = InfosOf(topics.Initialized),
        DeletingTopics = [.. topics.Deleting.OrderBy(topic => topic.Value, StringComparer.Ordinal).Select(
            topic => new ShareGroupStatePartitionMetadataValue.TopicInfo
            {
                TopicId = topic.Key, TopicName = topic.Value,
            })],
    };

    public static SharedTopics TopicsOf(ShareGroupStatePartitionMetadataValue value) => new(
        value.InitializingTopics.ToImmutableDictionary(topic => topic.TopicId, Topic),
        value.InitializedTopics.ToImmutableDictionary(topic => topic.TopicId, Topic),
        value.DeletingTopics.ToImmutableDictionary(topic => topic.TopicId, topic => topic.TopicName));

    private static List<ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo> InfosOf(
        ImmutableDictionary<Uuid, SharedTopic> topics) =>
        [.. topics.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal).Select(
            topic => new ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo
            {
                TopicId = topic.TopicId, TopicName = topic.Name, Partitions = [.. topic.Partitions],
            })];

    private static SharedTopic Topic(ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo topic) =>
        new(topic.TopicId, topic.TopicName, [.. topic.Partitions]);
}
