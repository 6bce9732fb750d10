using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups;
using Millrace.Core.Groups.Share;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// Has the share coordinator begin and delete states for share groups. The group's own record says first what is to be
/// done, and afterwards that it is: each step begins when the one before is on stable storage.
/// </summary>
internal sealed class ShareGroupStates(
    GroupCoordinators groups, ShareCoordinators coordinators, TopicPartitions topics, ControllerShard controller)
{
    /// <summary>A group's heartbeat found partitions without a state.</summary>
    public void Begin(InitializeShareStates wanted)
    {
        var offsets = wanted.Topics.SelectMany(topic => topic.Partitions.Select(partition =>
            (topic, partition, (long)ShareState.None)));
        Initialize(wanted.GroupId, wanted.StateEpoch, [.. offsets], _ => { });
    }

    /// <summary>
    /// Begins states at offsets; the answer is the error of each, in their order, or none where all that follows from
    /// it is on stable storage.
    /// </summary>
    public void Initialize(
        string groupId, int stateEpoch, IReadOnlyList<(SharedTopic Topic, int Partition, long Offset)> offsets,
        Action<ErrorCode[]> answer)
    {
        if (topics.Find(TopicName.ShareGroupState) is null)
            controller.CreateInternalTopic(
                TopicName.ShareGroupState, () => InitializeAll(groupId, stateEpoch, offsets, answer));
        else
            InitializeAll(groupId, stateEpoch, offsets, answer);
    }

    /// <summary>Deletes the states of the topics, of all and then the group itself if none is named.</summary>
    public void Delete(string groupId, IReadOnlySet<Uuid>? topicIds, Action<ErrorCode> answer)
    {
        IReadOnlyList<SharedTopic> deleted = [];
        Decide(
            groupId,
            (core, effects) =>
            {
                var error = core.ShareGroups.MayChange(groupId, mayBegin: false);
                if (error == ErrorCode.None)
                    deleted = core.ShareGroups.BeginDelete(groupId, topicIds, effects);
                return error;
            },
            error =>
            {
                if (error == ErrorCode.None)
                    DeleteAll(groupId, deleted, isWhole: topicIds is null, answer);
                else
                    answer(error);
            });
    }

    /// <summary>A step of the group coordinator; what follows begins when it is on stable storage.</summary>
    public void Decide(
        string groupId, Func<GroupCoordinator, Effects, ErrorCode> decide, Action<ErrorCode> then)
    {
        var request = new CoordinatorRequest(outcome => then(((GroupOutcome)outcome).ErrorCode));
        var isServed = groups.Find(groupId)?.Run((core, _, effects) =>
            effects.Reply(request, new GroupOutcome(decide(core, effects)), afterCommit: true));
        if (isServed != true)
            then(ErrorCode.NotCoordinator);
    }

    private void InitializeAll(
        string groupId, int stateEpoch, IReadOnlyList<(SharedTopic Topic, int Partition, long Offset)> offsets,
        Action<ErrorCode[]> answer)
    {
        var errors = new ErrorCode[offsets.Count];
        var begun = new Countdown();
        for (var i = 0; i < offsets.Count; i++)
        {
            var (at, (topic, partition, offset)) = (i, offsets[i]);
            begun.Await();
            coordinators.Initialize(
                new SharePartitionKey(groupId, topic.TopicId, partition), stateEpoch, offset, reply =>
                {
                    errors[at] = reply.ErrorCode;
                    begun.Signal();
                });
        }

        begun.Start(() =>
        {
            var done = offsets.Where((_, i) => errors[i] == ErrorCode.None)
                .GroupBy(offset => offset.Topic.TopicId)
                .Select(topic => topic.First().Topic with
                {
                    Partitions = [.. topic.Select(offset => offset.Partition)],
                })
                .ToList();
            Decide(
                groupId,
                (core, effects) =>
                {
                    core.ShareGroups.CompleteInitialize(groupId, done, effects);
                    return ErrorCode.None;
                },
                error => answer([.. errors.Select(own => own == ErrorCode.None ? error : own)]));
        });
    }

    private void DeleteAll(
        string groupId, IReadOnlyList<SharedTopic> deleted, bool isWhole, Action<ErrorCode> answer)
    {
        var failed = (int)ErrorCode.None;
        var gone = new Countdown();
        foreach (var topic in deleted)
        {
            foreach (var partition in topic.Partitions)
            {
                gone.Await();
                coordinators.Delete(new SharePartitionKey(groupId, topic.TopicId, partition), reply =>
                {
                    if (reply.ErrorCode != ErrorCode.None)
                        Interlocked.Exchange(ref failed, (int)reply.ErrorCode);
                    gone.Signal();
                });
            }
        }

        gone.Start(() =>
        {
            if (failed != (int)ErrorCode.None)
                answer((ErrorCode)failed);
            else
                Decide(groupId, (core, effects) => Complete(core, groupId, deleted, isWhole, effects), answer);
        });
    }

    private static ErrorCode Complete(
        GroupCoordinator core, string groupId, IReadOnlyList<SharedTopic> deleted, bool isWhole, Effects effects)
    {
        if (isWhole)
            return core.ShareGroups.Delete(groupId, effects);
        core.ShareGroups.CompleteDelete(groupId, deleted.Select(topic => topic.TopicId), effects);
        return ErrorCode.None;
    }
}
