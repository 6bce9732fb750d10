using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// A member's next step towards the target assignment (KIP-1071): give up what it is not to have, then take what is
/// free. A task is run by one member at a time, and a process has it once, whatever for.
/// </summary>
/// <param name="group">Tells what the other members have.</param>
/// <param name="targetEpoch">The group epoch of the target assignment.</param>
/// <param name="target">What the member is to have.</param>
/// <param name="owned">What the member says that it has; null if it says nothing.</param>
/// <param name="replacedId">The member whose place it takes in this call, if any.</param>
internal sealed class Reconciliation(
    StreamsGroup group, int targetEpoch, StreamsTasks target, StreamsTasks? owned, string? replacedId)
{
    /// <summary>The member after the step; it may be the same.</summary>
    public StreamsMember Next(StreamsMember member) => member.State switch
    {
        MemberState.Stable when member.Epoch == targetEpoch => member,
        MemberState.UnrevokedPartitions when MayOwn(member.PendingRevocation) => member,
        MemberState.UnrevokedPartitions => Step(member, member.Epoch + 1),
        _ => Step(member, member.Epoch),
    };

    private StreamsMember Step(StreamsMember member, int epoch)
    {
        var has = member.Assigned;
        var wants = new StreamsTasks(
            target.Active.Except(has.Active.Keys), target.Standby.Except(has.Standby),
            target.Warmup.Except(has.Warmup));
        var free = new StreamsTasks(
            [.. wants.Active.Where(task => IsFreeToRun(member, task))],
            [.. wants.Standby.Where(task => IsFreeToStandBy(member, task))],
            [.. wants.Warmup.Where(task => IsFreeToWarmUp(member, task))]);
        var isAllFree = free == wants;

        // Its own copies of a task change their role in place: from active to standby, between standby and warmup at
        // once, and to active when it is given that.
        var standbyNow = free.Standby.Where(task => has.Active.ContainsKey(task) || has.Warmup.Contains(task));
        var warmupNow = free.Warmup.Where(has.Standby.Contains);
        var unwanted = new HeldTasks(
            has.Active.RemoveRange(target.Active),
            has.Standby.Except(target.Standby).Except(free.Warmup).Except(target.Active),
            has.Warmup.Except(target.Warmup).Except(free.Standby).Except(target.Active));
        var mustGiveUp = !unwanted.IsEmpty && MayOwn(unwanted);
        bool IsPromoted(TaskId task) =>
            target.Active.Contains(task) && !(free.Active.Contains(task) && !mustGiveUp);
        var kept = new HeldTasks(
            has.Active.RemoveRange(has.Active.Keys.Where(task => !target.Active.Contains(task))),
            has.Standby.Intersect(target.Standby).Union(standbyNow).Union(has.Standby.Where(IsPromoted)),
            has.Warmup.Intersect(target.Warmup).Union(warmupNow).Union(has.Warmup.Where(IsPromoted)));
        if (mustGiveUp)
            return member with
            {
                PreviousEpoch = member.Epoch,
                Epoch = epoch,
                State = MemberState.UnrevokedPartitions,
                Assigned = kept,
                PendingRevocation = unwanted,
            };
        return member with
        {
            PreviousEpoch = member.Epoch,
            Epoch = targetEpoch,
            State = isAllFree ? MemberState.Stable : MemberState.UnreleasedPartitions,
            Assigned = new HeldTasks(
                kept.Active.AddRange(free.Active.Select(task => KeyValuePair.Create(task, targetEpoch))),
                kept.Standby.Union(free.Standby), kept.Warmup.Union(free.Warmup)),
            PendingRevocation = HeldTasks.None,
        };
    }

    private bool IsFreeToRun(StreamsMember member, TaskId task) =>
        !group.RunnersOf(task).Any(other => IsOther(member, other))
        && !group.StandbysOf(task).Any(other => IsNeighbour(member, other))
        && !group.WarmupsOf(task).Any(other => IsNeighbour(member, other));

    private bool IsFreeToStandBy(StreamsMember member, TaskId task) =>
        !group.RunnersOf(task).Concat(group.StandbysOf(task)).Concat(group.WarmupsOf(task))
            .Any(other => IsNeighbour(member, other));

    /// <summary>What it runs it need not catch up with.</summary>
    private bool IsFreeToWarmUp(StreamsMember member, TaskId task) =>
        IsFreeToStandBy(member, task) && !member.Runs(task, out _);

    private bool IsOther(StreamsMember member, StreamsMember other) =>
        other.MemberId != member.MemberId && other.MemberId != replacedId;

    /// <summary>Another member of the same process.</summary>
    private bool IsNeighbour(StreamsMember member, StreamsMember other) =>
        IsOther(member, other) && other.ProcessId == member.ProcessId;

    /// <summary>Who does not say what it has may have it all.</summary>
    private bool MayOwn(HeldTasks tasks) => owned is null || tasks.Overlaps(owned);
}
