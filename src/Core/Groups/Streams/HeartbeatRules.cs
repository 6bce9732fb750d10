using Millrace.Core.Controller;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using TaskIds = Millrace.Protocol.Messages.StreamsGroupHeartbeatRequest.TaskIds;
using TaskOffset = Millrace.Protocol.Messages.StreamsGroupHeartbeatRequest.TaskOffset;

namespace Millrace.Core.Groups.Streams;

/// <summary>What a heartbeat of a streams member must keep, whatever its group is.</summary>
internal static class HeartbeatRules
{
    public static Verdict? Refusal(StreamsGroupHeartbeatRequest request)
    {
        if (request.Topology is { } topology && IllegalTopic(topology) is { } illegal)
            return new Verdict(ErrorCode.StreamsInvalidTopology, illegal);
        if (request.Topology?.Subtopologies.Any(sub => sub.SourceTopicRegex.Count > 0) == true)
            return new Verdict(ErrorCode.InvalidRequest, "Sources by regular expressions are not supported.");
        if (WhatIsWrong(request) is { } problem)
            return new Verdict(ErrorCode.InvalidRequest, problem);
        return request.Topology?.Subtopologies.SelectMany(sub => sub.StateChangelogTopics)
            .FirstOrDefault(topic => topic.Partitions != 0) is not { } changelog ? null
            : new Verdict(ErrorCode.StreamsInvalidTopology,
                $"The changelog {changelog.Name} can't have a number of partitions of its own.");
    }

    /// <summary>What the member has; null if it does not say.</summary>
    public static StreamsTasks? OwnedBy(StreamsGroupHeartbeatRequest request) => request.ActiveTasks is null ? null
        : new StreamsTasks(
            [.. Tasks(request.ActiveTasks)], [.. Tasks(request.StandbyTasks!)], [.. Tasks(request.WarmupTasks!)]);

    /// <summary>Null when all the tasks exist.</summary>
    public static string? WhatIsWrong(StreamsTasks owned, ConfiguredTopology configured)
    {
        foreach (var task in owned.Active.Concat(owned.Standby).Concat(owned.Warmup))
            if (!configured.HasTask(task))
                return $"There is no task {task.Partition} of the subtopology {task.SubtopologyId}.";
        return null;
    }

    /// <summary>
    /// What the member says of its tasks' offsets; what it leaves out stays. Null if it says a thing twice.
    /// </summary>
    public static TaskOffsets? TryRead(StreamsGroupHeartbeatRequest request, TaskOffsets former)
    {
        var offsets = request.TaskOffsets is null ? former.Offsets : TryRead(request.TaskOffsets);
        var ends = request.TaskEndOffsets is null ? former.EndOffsets : TryRead(request.TaskEndOffsets);
        return offsets is null || ends is null ? null : new TaskOffsets(offsets, ends);
    }

    private static Dictionary<TaskId, long>? TryRead(List<TaskOffset> told)
    {
        var offsets = new Dictionary<TaskId, long>();
        foreach (var task in told)
            if (!offsets.TryAdd(new TaskId(task.SubtopologyId, task.Partition), task.Offset))
                return null;
        return offsets;
    }

    private static IEnumerable<TaskId> Tasks(List<TaskIds> subtopologies) =>
        subtopologies.SelectMany(sub => sub.Partitions.Select(i => new TaskId(sub.SubtopologyId, i)));

    private static string? WhatIsWrong(StreamsGroupHeartbeatRequest request)
    {
        var lists = (request.ActiveTasks, request.StandbyTasks, request.WarmupTasks);
        return string.IsNullOrWhiteSpace(request.MemberId) ? "The member id is empty."
            : string.IsNullOrWhiteSpace(request.GroupId) ? "The group id is empty."
            : request.InstanceId is { } instance && string.IsNullOrWhiteSpace(instance) ? "The instance id is empty."
            : request.RackId is { } rack && string.IsNullOrWhiteSpace(rack) ? "The rack id is empty."
            : request.MemberEpoch == 0 ? WhatIsWrongWithJoin(request)
            : request is { MemberEpoch: ModernMember.AwayEpoch, InstanceId: null }
                ? "Only static members go for a while."
            : request.MemberEpoch < ModernMember.AwayEpoch ? $"The member epoch {request.MemberEpoch} means nothing."
            : lists is not ((null, null, null) or (not null, not null, not null))
                ? "Who tells tasks of one kind must tell those of all."
            : request.Topology is not null ? "Only who joins tells the topology."
            : null;
    }

    private static string? WhatIsWrongWithJoin(StreamsGroupHeartbeatRequest request) =>
        request.RebalanceTimeoutMs == -1 ? "Who joins must say its rebalance timeout."
        : (request.ActiveTasks, request.StandbyTasks, request.WarmupTasks)
            is not ({ Count: 0 }, { Count: 0 }, { Count: 0 }) ? "Who joins must say that it has no tasks."
        : request.Topology is null ? "Who joins must tell the topology."
        : null;

    private static string? IllegalTopic(StreamsGroupHeartbeatRequest.TopologyData topology)
    {
        var names = topology.Subtopologies.SelectMany(sub => sub.SourceTopics
            .Concat(sub.RepartitionSourceTopics.Select(topic => topic.Name))
            .Concat(sub.StateChangelogTopics.Select(topic => topic.Name))).ToList();
        return names.FirstOrDefault(TopicName.IsInternal) is { } reserved
            ? $"The topic {reserved} belongs to the cluster."
            : names.Select(TopicName.WhatIsWrong).FirstOrDefault(problem => problem is not null) is { } illegal
                ? $"A topic has no legal name: {illegal}."
                : null;
    }
}
