using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Consumer;

/// <summary>The records of consumer groups, by the numbers of their types, to and from what they say.</summary>
internal static class ConsumerGroupRecords
{
    public const short Epoch = 3;
    public const short PartitionMetadata = 4;
    public const short Member = 5;
    public const short TargetEpoch = 6;
    public const short Target = 7;
    public const short Assignment = 8;
    public const short Regex = 16;

    private static readonly ImmutableSortedSet<TopicIdPartition> NoPartitions = [];

    /// <summary>Appends a record of the group itself; a null value deletes it.</summary>
    public static void OfGroup(Effects effects, short type, string groupId, IMessage? value) =>
        effects.Append(type, new ConsumerGroupMetadataKey { GroupId = groupId }, 0, value);

    /// <summary>Appends a record of a member, or of a regular expression: their keys are alike.</summary>
    public static void OfMember(Effects effects, short type, string groupId, string memberId, IMessage? value) =>
        effects.Append(type, new ConsumerGroupMemberMetadataKey { GroupId = groupId, MemberId = memberId }, 0, value);

    public static ConsumerGroupMemberMetadataValue MetadataOf(ConsumerMember member) => new()
    {
        InstanceId = member.InstanceId,
        RackId = member.RackId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        SubscribedTopicNames = [.. member.SubscribedTopicNames],
        SubscribedTopicRegex = member.SubscribedTopicRegex,
        RebalanceTimeoutMs = member.RebalanceTimeoutMs,
        ServerAssignor = member.ServerAssignor,
        ClassicMemberMetadata = member.Classic is not { } classic ? null : new()
        {
            SessionTimeoutMs = classic.SessionTimeoutMs,
            SupportedProtocols = [.. classic.Protocols.Select(
                protocol => new ConsumerGroupMemberMetadataValue.ClassicProtocol
                {
                    Name = protocol.Name, Metadata = protocol.Metadata,
                })],
        },
    };

    /// <summary>The member as its new metadata record has it; its assignment stays.</summary>
    public static ConsumerMember With(this ConsumerMember member, ConsumerGroupMemberMetadataValue value) =>
        member with
        {
            InstanceId = value.InstanceId,
            RackId = value.RackId,
            ClientId = value.ClientId,
            ClientHost = value.ClientHost,
            SubscribedTopicNames = ModernMember.NoNames.Union(value.SubscribedTopicNames),
            SubscribedTopicRegex = value.SubscribedTopicRegex ?? "",
            RebalanceTimeoutMs = value.RebalanceTimeoutMs,
            ServerAssignor = value.ServerAssignor,
            Classic = value.ClassicMemberMetadata is not { SupportedProtocols.Count: > 0 } classic
                ? null
                : new ClassicProtocols(
                    classic.SessionTimeoutMs,
                    [.. classic.SupportedProtocols.Select(
                        protocol => new MemberProtocol(protocol.Name, protocol.Metadata.ToArray()))]),
        };

    public static ConsumerGroupCurrentMemberAssignmentValue AssignmentOf(ConsumerMember member) => new()
    {
        MemberEpoch = member.Epoch,
        PreviousMemberEpoch = member.PreviousEpoch,
        State = (sbyte)member.State,
        AssignedPartitions = ByTopic(member.Assigned),
        PartitionsPendingRevocation = ByTopic(member.PendingRevocation),
    };

    /// <summary>The member as its new assignment record has it.</summary>
    public static ConsumerMember With(this ConsumerMember member, ConsumerGroupCurrentMemberAssignmentValue value) =>
        member with
        {
            Epoch = value.MemberEpoch,
            PreviousEpoch = value.PreviousMemberEpoch,
            State = (MemberState)value.State,
            Assigned = Partitions(value.AssignedPartitions, value.MemberEpoch),
            PendingRevocation = Partitions(value.PartitionsPendingRevocation, value.MemberEpoch),
        };

    public static ConsumerGroupTargetAssignmentMemberValue TargetOf(IEnumerable<TopicIdPartition> partitions) => new()
    {
        TopicPartitions = [.. partitions.GroupBy(partition => partition.TopicId).Select(
            topic => new ConsumerGroupTargetAssignmentMemberValue.TopicPartition
            {
                TopicId = topic.Key, Partitions = [.. topic.Select(partition => partition.Partition)],
            })],
    };

    public static ImmutableSortedSet<TopicIdPartition> Partitions(ConsumerGroupTargetAssignmentMemberValue value) =>
        NoPartitions.Union(value.TopicPartitions.SelectMany(topic =>
            topic.Partitions.Select(partition => new TopicIdPartition(topic.TopicId, partition))));

    private static List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> ByTopic(
        ImmutableSortedDictionary<TopicIdPartition, int> partitions) =>
        [.. partitions.GroupBy(partition => partition.Key.TopicId).Select(
            topic => new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(partition => partition.Key.Partition)],
                AssignmentEpochs = [.. topic.Select(partition => partition.Value)],
            })];

    /// <summary>Before Kafka 4.4 the epochs of partitions were not recorded: the member's counts.</summary>
    private static ImmutableSortedDictionary<TopicIdPartition, int> Partitions(
        List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> topics, int memberEpoch)
    {
        var partitions = ConsumerMember.Nothing.ToBuilder();
        foreach (var topic in topics)
            for (var i = 0; i < topic.Partitions.Count; i++)
                partitions[new TopicIdPartition(topic.TopicId, topic.Partitions[i])] =
                    topic.AssignmentEpochs is { } epochs && i < epochs.Count ? epochs[i] : memberEpoch;
        return partitions.ToImmutable();
    }
}
