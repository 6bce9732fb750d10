using Millrace.Core.Groups.Modern;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Consumer;

// What administrators ask.
internal sealed partial class ConsumerGroups
{
    private const sbyte ClassicMemberType = 0;
    private const sbyte ConsumerMemberType = 1;

    public ConsumerGroupDescribeResponse.DescribedGroup Describe(string groupId)
    {
        if (table.Find<ConsumerGroup>(groupId) is not { } group)
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
            AssignorName = PreferredAssignor(group.Members),
            Members = [.. group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal)
                .Select(member => Describe(group, member))],
        };
    }

    /// <summary>What a member is to give up is told as its own as long as it may own it.</summary>
    private ConsumerGroupDescribeResponse.Member Describe(ConsumerGroup group, ConsumerMember member) => new()
    {
        MemberId = member.MemberId,
        InstanceId = member.InstanceId,
        RackId = member.RackId,
        MemberEpoch = member.Epoch,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        SubscribedTopicNames = [.. member.SubscribedTopicNames],
        SubscribedTopicRegex = member.SubscribedTopicRegex,
        Assignment = Named(member.Held.Order()),
        TargetAssignment = Named(group.FindTarget(member.MemberId) ?? []),
        MemberType = member.Classic is null ? ConsumerMemberType : ClassicMemberType,
    };

    private ConsumerGroupDescribeResponse.AssignmentData Named(IEnumerable<TopicIdPartition> partitions) => new()
    {
        TopicPartitions = [.. partitions.GroupBy(partition => partition.TopicId)
            .Where(topic => Topics.Find(topic.Key) is not null)
            .Select(topic => new ConsumerGroupDescribeResponse.TopicPartition
            {
                TopicId = topic.Key,
                TopicName = Topics.Find(topic.Key)!.Name,
                Partitions = [.. topic.Select(partition => partition.Partition)],
            })],
    };
}
