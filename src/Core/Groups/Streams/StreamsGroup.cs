using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// A streams group (KIP-1071): the members of an application, its topology, and who runs which tasks. Served by
/// <see cref="StreamsGroups"/>.
/// </summary>
/// <remarks>
/// <para>1. A task has one member that runs it or has yet to give it up. 2. What has no records (shutdown, endpoints,
/// offsets of tasks, the delay of the first assignment, the configured topology) is soft: after a reload it is told or
/// found anew.</para>
/// </remarks>
internal sealed class StreamsGroup(string groupId) : ModernGroup<StreamsMember, StreamsTasks>(groupId)
{
    private const short FirstCommitWithEpochs = 9;

    private readonly Dictionary<TaskId, HashSet<string>> _runners = [];
    private readonly Dictionary<TaskId, HashSet<string>> _standbys = [];
    private readonly Dictionary<TaskId, HashSet<string>> _warmups = [];
    private readonly Dictionary<string, TaskOffsets> _taskOffsets = [];

    public override GroupType Type => GroupType.Streams;

    /// <summary>Null before its record was replayed.</summary>
    public StreamsTopology? Topology { get; private set; }

    /// <summary>The epoch of the topology whose topics are all there as they must be; -1 if they are not.</summary>
    public int ValidatedTopologyEpoch { get; private set; } = -1;

    /// <summary>The settings for which the epoch's assignment is made.</summary>
    public ImmutableSortedDictionary<string, string> AssignmentConfigs { get; private set; } = StreamsMember.NoTags;

    /// <summary>The group's epoch as it was recorded; what is not of use here is kept.</summary>
    public StreamsGroupMetadataValue Recorded { get; private set; } = new();

    /// <summary>The topology on the topics that exist; null until a member is heard.</summary>
    public ConfiguredTopology? Configured { get; set; }

    /// <summary>The topics for which it was configured.</summary>
    public TopicsImage? SeenTopics { get; set; }

    /// <summary>Until then a new group waits for more members; never, if it does not.</summary>
    public Instant InitialDelayEnd { get; set; } = Instant.Never;

    /// <summary>The member that asked for the end of the whole application.</summary>
    public string? ShutdownRequestedBy { get; set; }

    /// <summary>It goes up with each change of what can be asked where.</summary>
    public int EndpointInformationEpoch { get; set; }

    public override string StateName =>
        !IsEmpty && (Topology is null || Topology.Epoch != ValidatedTopologyEpoch) ? "NotReady" : base.StateName;

    public IEnumerable<StreamsMember> RunnersOf(TaskId task) => MembersIn(_runners, task);

    public IEnumerable<StreamsMember> StandbysOf(TaskId task) => MembersIn(_standbys, task);

    public IEnumerable<StreamsMember> WarmupsOf(TaskId task) => MembersIn(_warmups, task);

    public TaskOffsets OffsetsOf(string memberId) => _taskOffsets.GetValueOrDefault(memberId, TaskOffsets.None);

    public void SetOffsets(string memberId, TaskOffsets offsets) => _taskOffsets[memberId] = offsets;

    public override void Put(StreamsMember member)
    {
        Index(Find(member.MemberId), isHeld: false);
        base.Put(member);
        Index(member, isHeld: true);
    }

    public override void Remove(string memberId)
    {
        Index(Find(memberId), isHeld: false);
        base.Remove(memberId);
        _taskOffsets.Remove(memberId);
        if (IsEmpty)
            ShutdownRequestedBy = null;
    }

    /// <summary>Replay: the application is this one; null when its record was deleted.</summary>
    public void SetTopology(StreamsTopology? topology) => Topology = topology;

    /// <summary>Replay: the group's epoch and what it was begun with.</summary>
    public void SetEpoch(StreamsGroupMetadataValue value)
    {
        SetEpoch(value.Epoch, value.MetadataHash);
        Recorded = value;
        ValidatedTopologyEpoch = value.ValidatedTopologyEpoch;
        AssignmentConfigs = StreamsMember.NoTags.SetItems((value.LastAssignmentConfigs ?? []).Select(
            config => KeyValuePair.Create(config.Key, config.Value)));
    }

    /// <summary>Whether a topic is read by the members that there are.</summary>
    public bool IsSubscribedTo(string topic) => !IsEmpty && Topology?.ReaderOf(topic) is not null;

    /// <summary>
    /// Anybody commits to a group that nobody is in. Others must be members, and name an epoch at which they ran the
    /// tasks already (KIP-1251).
    /// </summary>
    public ErrorCode ValidateCommit(string memberId, int epoch, short version, IEnumerable<TopicPartition> partitions)
    {
        if (epoch < 0 && IsEmpty)
            return ErrorCode.None;
        if (Find(memberId) is not { } member)
            return ErrorCode.UnknownMemberId;
        if (version < FirstCommitWithEpochs)
            return ErrorCode.UnsupportedVersion;
        return epoch == member.Epoch
            || (epoch < member.Epoch && partitions.All(partition => Ran(member, partition, epoch)))
            ? ErrorCode.None
            : ErrorCode.StaleMemberEpoch;
    }

    /// <summary>Who names a member must be that one, at its epoch.</summary>
    public ErrorCode ValidateFetch(string? memberId, int epoch) =>
        memberId is null && epoch < 0 ? ErrorCode.None
        : Find(memberId ?? "") is not { } member ? ErrorCode.UnknownMemberId
        : member.Epoch == epoch ? ErrorCode.None
        : ErrorCode.StaleMemberEpoch;

    public override void Delete(Effects effects) => new StreamsGroupChange(this, effects).DeleteGroup();

    public override Instant NextDeadline() => Instant.Min(base.NextDeadline(), InitialDelayEnd);

    private bool Ran(StreamsMember member, TopicPartition partition, int epoch) =>
        Topology?.ReaderOf(partition.Topic) is { } subtopology
        && member.Runs(new TaskId(subtopology, partition.Partition), out var since) && since <= epoch;

    private IEnumerable<StreamsMember> MembersIn(Dictionary<TaskId, HashSet<string>> holders, TaskId task) =>
        holders.TryGetValue(task, out var memberIds) ? memberIds.Select(memberId => Find(memberId)!) : [];

    private void Index(StreamsMember? member, bool isHeld)
    {
        if (member is null)
            return;
        foreach (var tasks in (ReadOnlySpan<HeldTasks>)[member.Assigned, member.PendingRevocation])
        {
            foreach (var task in tasks.Active.Keys)
                Index(_runners, task, member.MemberId, isHeld);
            foreach (var task in tasks.Standby)
                Index(_standbys, task, member.MemberId, isHeld);
            foreach (var task in tasks.Warmup)
                Index(_warmups, task, member.MemberId, isHeld);
        }
    }

    private static void Index(
        Dictionary<TaskId, HashSet<string>> holders, TaskId task, string memberId, bool isHeld)
    {
        if (isHeld)
        {
            if (!holders.TryGetValue(task, out var memberIds))
                holders.Add(task, memberIds = []);
            memberIds.Add(memberId);
        }
        else if (holders.TryGetValue(task, out var memberIds) && memberIds.Remove(memberId) && memberIds.Count == 0)
        {
            holders.Remove(task);
        }
    }
}
