using Millrace.Protocol;
using Millrace.Protocol.Messages;
using TaskIds = Millrace.Protocol.Messages.StreamsGroupDescribeResponse.TaskIds;
using TopicInfo = Millrace.Protocol.Messages.StreamsGroupDescribeResponse.TopicInfo;

namespace Millrace.Core.Groups.Streams;

// What administrators ask.
internal sealed partial class StreamsGroups
{
    public StreamsGroupDescribeResponse.DescribedGroup Describe(string groupId)
    {
        if (table.Find<StreamsGroup>(groupId) is not { } group)
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
            Topology = group.Topology is null ? null : Describe(group.Topology, group.Configured),
            AssignorName = _assignor.Name,
            Members = [.. group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal)
                .Select(member => Describe(group, member))],
        };
    }

    /// <summary>With the numbers of partitions that were found, once all is there.</summary>
    private static StreamsGroupDescribeResponse.TopologyData Describe(
        StreamsTopology topology, ConfiguredTopology? configured)
    {
        var subtopologies = configured is { IsReady: true }
            ? configured.Subtopologies.Values.Select(sub => sub.Topics)
            : topology.Subtopologies;
        return new()
        {
            Epoch = topology.Epoch,
            Subtopologies = [.. subtopologies.Select(sub => new StreamsGroupDescribeResponse.Subtopology
            {
                SubtopologyId = sub.SubtopologyId,
                SourceTopics = [.. sub.SourceTopics.Order(StringComparer.Ordinal)],
                RepartitionSinkTopics = [.. sub.RepartitionSinkTopics.Order(StringComparer.Ordinal)],
                StateChangelogTopics = Describe(sub.StateChangelogTopics),
                RepartitionSourceTopics = Describe(sub.RepartitionSourceTopics),
            })],
        };
    }

    private static List<TopicInfo> Describe(List<StreamsGroupTopologyValue.TopicInfo> topics) =>
        [.. topics.OrderBy(topic => topic.Name, StringComparer.Ordinal).Select(topic => new TopicInfo
        {
            Name = topic.Name,
            Partitions = topic.Partitions,
            ReplicationFactor = topic.ReplicationFactor,
            TopicConfigs = topic.TopicConfigs.ConvertAll(
                config => new StreamsGroupDescribeResponse.KeyValue { Key = config.Key, Value = config.Value }),
        })];

    private static StreamsGroupDescribeResponse.Member Describe(StreamsGroup group, StreamsMember member)
    {
        var target = group.FindTarget(member.MemberId) ?? StreamsTasks.None;
        var offsets = group.OffsetsOf(member.MemberId);
        return new()
        {
            MemberId = member.MemberId,
            MemberEpoch = member.Epoch,
            InstanceId = member.InstanceId,
            RackId = member.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            TopologyEpoch = member.TopologyEpoch,
            ProcessId = member.ProcessId,
            UserEndpoint = member.UserEndpoint is { } endpoint
                ? new() { Host = endpoint.Host, Port = endpoint.Port }
                : null,
            ClientTags = [.. member.ClientTags.Select(
                tag => new StreamsGroupDescribeResponse.KeyValue { Key = tag.Key, Value = tag.Value })],
            TaskOffsets = Described(offsets.Offsets),
            TaskEndOffsets = Described(offsets.EndOffsets),
            Assignment = new()
            {
                ActiveTasks = Described(member.Assigned.Active.Keys),
                StandbyTasks = Described(member.Assigned.Standby),
                WarmupTasks = Described(member.Assigned.Warmup),
            },
            TargetAssignment = new()
            {
                ActiveTasks = Described(target.Active),
                StandbyTasks = Described(target.Standby),
                WarmupTasks = Described(target.Warmup),
            },
        };
    }

    private static List<TaskIds> Described(IEnumerable<TaskId> tasks) =>
        [.. tasks.GroupBy(task => task.SubtopologyId).Select(sub => new TaskIds
        {
            SubtopologyId = sub.Key, Partitions = [.. sub.Select(task => task.Partition)],
        })];

    private static List<StreamsGroupDescribeResponse.TaskOffset> Described(IReadOnlyDictionary<TaskId, long> offsets) =>
        [.. offsets.OrderBy(task => task.Key).Select(task => new StreamsGroupDescribeResponse.TaskOffset
        {
            SubtopologyId = task.Key.SubtopologyId, Partition = task.Key.Partition, Offset = task.Value,
        })];
}
