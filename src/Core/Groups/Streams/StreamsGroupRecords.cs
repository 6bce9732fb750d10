using System.Collections.Immutable;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using CurrentTasks = Millrace.Protocol.Messages.StreamsGroupCurrentMemberAssignmentValue.TaskIds;
using TargetTasks = Millrace.Protocol.Messages.StreamsGroupTargetAssignmentMemberValue.TaskIds;

namespace Millrace.Core.Groups.Streams;

/// <summary>The records of streams groups, by the numbers of their types, to and from what they say.</summary>
internal static class StreamsGroupRecords
{
    public const short Epoch = 17;
    public const short Member = 19;
    public const short TargetEpoch = 20;
    public const short Target = 21;
    public const short Assignment = 22;
    public const short Topology = 23;

    /// <summary>Appends a record of the group itself; a null value deletes it.</summary>
    public static void OfGroup(Effects effects, short type, string groupId, IMessage? value) =>
        effects.Append(type, new StreamsGroupMetadataKey { GroupId = groupId }, 0, value);

    /// <summary>Appends a record of a member; a null value deletes it.</summary>
    public static void OfMember(Effects effects, short type, string groupId, string memberId, IMessage? value) =>
        effects.Append(type, new StreamsGroupMemberMetadataKey { GroupId = groupId, MemberId = memberId }, 0, value);

    public static StreamsGroupMemberMetadataValue MetadataOf(StreamsMember member) => new()
    {
        InstanceId = member.InstanceId,
        RackId = member.RackId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        RebalanceTimeoutMs = member.RebalanceTimeoutMs,
        TopologyEpoch = member.TopologyEpoch,
        ProcessId = member.ProcessId,
        UserEndpoint = member.UserEndpoint is { } endpoint
            ? new() { Host = endpoint.Host, Port = endpoint.Port }
            : null,
        ClientTags = [.. member.ClientTags.Select(
            tag => new StreamsGroupMemberMetadataValue.KeyValue { Key = tag.Key, Value = tag.Value })],
    };

    /// <summary>The member as its new metadata record has it; its assignment stays.</summary>
    public static StreamsMember With(this StreamsMember member, StreamsGroupMemberMetadataValue value) => member with
    {
        InstanceId = value.InstanceId,
        RackId = value.RackId,
        ClientId = value.ClientId,
        ClientHost = value.ClientHost,
        RebalanceTimeoutMs = value.RebalanceTimeoutMs,
        TopologyEpoch = value.TopologyEpoch,
        ProcessId = value.ProcessId,
        UserEndpoint = value.UserEndpoint is { } endpoint ? new UserEndpoint(endpoint.Host, endpoint.Port) : null,
        ClientTags = StreamsMember.NoTags.SetItems(
            value.ClientTags.Select(tag => KeyValuePair.Create(tag.Key, tag.Value))),
    };

    public static StreamsGroupCurrentMemberAssignmentValue AssignmentOf(StreamsMember member) => new()
    {
        MemberEpoch = member.Epoch,
        PreviousMemberEpoch = member.PreviousEpoch,
        State = (sbyte)(member.State + 1),
        ActiveTasks = Ids(member.Assigned.Active),
        StandbyTasks = Ids(member.Assigned.Standby),
        WarmupTasks = Ids(member.Assigned.Warmup),
        ActiveTasksPendingRevocation = Ids(member.PendingRevocation.Active),
        StandbyTasksPendingRevocation = Ids(member.PendingRevocation.Standby),
        WarmupTasksPendingRevocation = Ids(member.PendingRevocation.Warmup),
    };

    /// <summary>
    /// The member as its new assignment record has it. One in a state that a later Kafka may know takes what is free.
    /// </summary>
    public static StreamsMember With(this StreamsMember member, StreamsGroupCurrentMemberAssignmentValue value) =>
        member with
        {
            Epoch = value.MemberEpoch,
            PreviousEpoch = value.PreviousMemberEpoch,
            State = value.State is > 0 and <= (sbyte)MemberState.UnreleasedPartitions + 1
                ? (MemberState)(value.State - 1)
                : MemberState.UnreleasedPartitions,
            Assigned = new HeldTasks(
                WithEpochs(value.ActiveTasks, value.MemberEpoch), Tasks(value.StandbyTasks),
                Tasks(value.WarmupTasks)),
            PendingRevocation = new HeldTasks(
                WithEpochs(value.ActiveTasksPendingRevocation, value.MemberEpoch),
                Tasks(value.StandbyTasksPendingRevocation), Tasks(value.WarmupTasksPendingRevocation)),
        };

    public static StreamsGroupTargetAssignmentMemberValue TargetOf(StreamsTasks tasks) => new()
    {
        ActiveTasks = TargetIds(tasks.Active),
        StandbyTasks = TargetIds(tasks.Standby),
        WarmupTasks = TargetIds(tasks.Warmup),
    };

    public static StreamsTasks TasksOf(StreamsGroupTargetAssignmentMemberValue value) =>
        new(Tasks(value.ActiveTasks), Tasks(value.StandbyTasks), Tasks(value.WarmupTasks));

    private static List<CurrentTasks> Ids(ImmutableSortedDictionary<TaskId, int> tasks) =>
        [.. tasks.GroupBy(task => task.Key.SubtopologyId).Select(sub => new CurrentTasks
        {
            SubtopologyId = sub.Key,
            Partitions = [.. sub.Select(task => task.Key.Partition)],
            AssignmentEpochs = [.. sub.Select(task => task.Value)],
        })];

    private static List<CurrentTasks> Ids(ImmutableSortedSet<TaskId> tasks) =>
        [.. tasks.GroupBy(task => task.SubtopologyId).Select(sub => new CurrentTasks
        {
            SubtopologyId = sub.Key, Partitions = [.. sub.Select(task => task.Partition)],
        })];

    private static List<TargetTasks> TargetIds(ImmutableSortedSet<TaskId> tasks) =>
        [.. tasks.GroupBy(task => task.SubtopologyId).Select(sub => new TargetTasks
        {
            SubtopologyId = sub.Key, Partitions = [.. sub.Select(task => task.Partition)],
        })];

    /// <summary>Where no epochs of tasks were recorded the member's counts.</summary>
    private static ImmutableSortedDictionary<TaskId, int> WithEpochs(List<CurrentTasks> subtopologies, int memberEpoch)
    {
        var tasks = HeldTasks.None.Active.ToBuilder();
        foreach (var sub in subtopologies)
            for (var i = 0; i < sub.Partitions.Count; i++)
                tasks[new TaskId(sub.SubtopologyId, sub.Partitions[i])] =
                    sub.AssignmentEpochs is { } epochs && i < epochs.Count ? epochs[i] : memberEpoch;
        return tasks.ToImmutable();
    }

    private static ImmutableSortedSet<TaskId> Tasks(List<CurrentTasks> subtopologies) =>
        [.. subtopologies.SelectMany(sub => sub.Partitions.Select(i => new TaskId(sub.SubtopologyId, i)))];

    private static ImmutableSortedSet<TaskId> Tasks(List<TargetTasks> subtopologies) =>
        [.. subtopologies.SelectMany(sub => sub.Partitions.Select(i => new TaskId(sub.SubtopologyId, i)))];
}
