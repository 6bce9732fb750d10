using System.Collections.Immutable;
using Millrace.Core.Configs;
using Millrace.Protocol.Messages;
using TaskIds = Millrace.Protocol.Messages.StreamsGroupHeartbeatResponse.TaskIds;
using TopicPartition = Millrace.Protocol.Messages.StreamsGroupHeartbeatResponse.TopicPartition;

namespace Millrace.Core.Groups.Streams;

// What a member is told in the answer to its heartbeat.
internal sealed partial class StreamsGroups
{
    /// <summary>Kafka's default of the internal setting group.streams.task.offset.interval.ms.</summary>
    private const int TaskOffsetIntervalMs = 60_000;

    /// <summary>Kafka's default of the internal setting group.streams.acceptable.recovery.lag.</summary>
    private const long AcceptableRecoveryLag = 10_000;

    private const short FirstWithMissingTags = 1;

    private void Answer(
        StreamsGroupChange change, StreamsGroupHeartbeatRequest request, StreamsGroupHeartbeatResponse response,
        StreamsMember former, StreamsMember next, string? replacedId)
    {
        var group = change.Group;
        response.MemberId = next.MemberId;
        response.MemberEpoch = next.Epoch;
        response.HeartbeatIntervalMs = Setting("streams.heartbeat.interval.ms", group.GroupId);
        response.TaskOffsetIntervalMs = TaskOffsetIntervalMs;
        response.AcceptableRecoveryLag = AcceptableRecoveryLag;
        var hasNewTasks = next.Assigned != former.Assigned;
        if (request.MemberEpoch == JoinEpoch || hasNewTasks)
        {
            response.ActiveTasks = Ids(next.Assigned.Active.Keys);
            response.StandbyTasks = Ids(next.Assigned.Standby);
            response.WarmupTasks = Ids(next.Assigned.Warmup);
        }

        if (next.UserEndpoint != former.UserEndpoint || (hasNewTasks && next.UserEndpoint is not null))
            group.EndpointInformationEpoch++;
        response.EndpointInformationEpoch = group.EndpointInformationEpoch;
        if (group.EndpointInformationEpoch != request.EndpointInformationEpoch)
            response.PartitionsByUserEndpoint = [.. group.Members
                .Where(member => member.MemberId != next.MemberId && member.MemberId != replacedId)
                .Append(next)
                .Where(member => member.UserEndpoint is not null)
                .Select(member => PartitionsAt(member.UserEndpoint!.Value, member.Assigned, group.Configured!))];
    }

    private static void TellOf(
        StreamsGroupChange change, ConfiguredTopology configured, ImmutableSortedDictionary<string, string> configs,
        StreamsMember member, short version, StreamsGroupHeartbeatResponse response)
    {
        if (member.TopologyEpoch < change.Topology!.Epoch)
            Tell(response, StreamsStatus.StaleTopology,
                $"The member's topology is of epoch {member.TopologyEpoch}, the group's of {change.Topology.Epoch}.");
        if (configured.Problem is { } problem)
            Tell(response, problem, configured.Detail);
        if (change.Group.ShutdownRequestedBy is { } requester)
            Tell(response, StreamsStatus.ShutdownApplication,
                $"The member {requester} asked for the end of the whole application.");
        if (version < FirstWithMissingTags || !configs.TryGetValue(RackAwareTags, out var wanted))
            return;
        var missing = ConfigText.Items(wanted).Where(tag => !member.ClientTags.ContainsKey(tag)).ToList();
        if (missing.Count > 0)
            Tell(response, StreamsStatus.MissingClientTags,
                $"The member lacks tags by which standby tasks are to be spread: {string.Join(", ", missing)}.");
    }

    private static void Tell(StreamsGroupHeartbeatResponse response, StreamsStatus status, string detail) =>
        response.Status!.Add(new() { StatusCode = (sbyte)status, StatusDetail = detail });

    private static List<TaskIds> Ids(IEnumerable<TaskId> tasks) =>
        [.. tasks.GroupBy(task => task.SubtopologyId).Select(sub => new TaskIds
        {
            SubtopologyId = sub.Key, Partitions = [.. sub.Select(task => task.Partition)],
        })];

    private StreamsGroupHeartbeatResponse.EndpointToPartitions PartitionsAt(
        UserEndpoint endpoint, HeldTasks tasks, ConfiguredTopology configured) => new()
        {
            UserEndpoint = new() { Host = endpoint.Host, Port = endpoint.Port },
            ActivePartitions = PartitionsOf(tasks.Active.Keys, configured),
            StandbyPartitions = PartitionsOf(tasks.Standby.Union(tasks.Warmup), configured),
        };

    /// <summary>What tasks read.</summary>
    private List<TopicPartition> PartitionsOf(IEnumerable<TaskId> tasks, ConfiguredTopology configured)
    {
        var partitions = new List<TopicPartition>();
        foreach (var sub in tasks.GroupBy(task => task.SubtopologyId))
            if (configured.Subtopologies.TryGetValue(sub.Key, out var subtopology))
                foreach (var topic in StreamsTopology.SourcesOf(subtopology.Topics).Distinct())
                {
                    var count = Topics.Find(topic)?.Partitions.Length ?? 0;
                    var read = sub.Select(task => task.Partition).Where(partition => partition < count).ToList();
                    if (read.Count > 0)
                        partitions.Add(new TopicPartition { Topic = topic, Partitions = read });
                }

        return partitions;
    }
}
