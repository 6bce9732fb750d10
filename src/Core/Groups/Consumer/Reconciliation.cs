using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// A member's next step towards the target assignment (KIP-848): give up what it is not to have, then take what is
/// free.
/// </summary>
/// <param name="change">The group as it is, which tells who holds what.</param>
/// <param name="isSubscribed">Whether the member subscribes to a topic: of others it gets nothing.</param>
/// <param name="owned">What the member says that it owns; null if it says nothing.</param>
internal sealed class Reconciliation(
    ConsumerGroupChange change, Func<TopicIdPartition, bool> isSubscribed, HashSet<TopicIdPartition>? owned)
{
    private readonly HashSet<TopicIdPartition>? _owned = owned;

    /// <summary>The member after the step; it may be the same.</summary>
    public ConsumerMember Next(ConsumerMember member)
    {
        switch (member.State)
        {
            case MemberState.Stable when member.Epoch == change.TargetEpoch
                && member.Assigned.Keys.All(isSubscribed):
                return member;
            case MemberState.UnrevokedPartitions when Owns(member.PendingRevocation.Keys):
                return GiveUpMore(member);
            case MemberState.UnrevokedPartitions:
                return Step(member, Math.Min(member.Epoch + 1, change.TargetEpoch));
            default:
                return Step(member, member.Epoch);
        }
    }

    /// <summary>While it gives up it may lose topics, by a change of its subscription.</summary>
    private ConsumerMember GiveUpMore(ConsumerMember member)
    {
        var unwanted = member.Assigned.Where(partition => !isSubscribed(partition.Key)).ToList();
        return unwanted.Count == 0 ? member : member with
        {
            PreviousEpoch = member.Epoch,
            Assigned = member.Assigned.RemoveRange(unwanted.Select(partition => partition.Key)),
            PendingRevocation = member.PendingRevocation.AddRange(unwanted),
        };
    }

    private ConsumerMember Step(ConsumerMember member, int epoch)
    {
        var wanted = (change.FindTarget(member.MemberId) ?? []).Where(isSubscribed).ToHashSet();
        var unwanted = member.Assigned.Where(partition => !wanted.Contains(partition.Key)).ToList();
        var kept = unwanted.Count == 0
            ? member.Assigned
            : member.Assigned.RemoveRange(unwanted.Select(partition => partition.Key));
        if (unwanted.Count > 0 && Owns(unwanted.Select(partition => partition.Key)))
            return member with
            {
                PreviousEpoch = member.Epoch,
                Epoch = epoch,
                State = MemberState.UnrevokedPartitions,
                Assigned = kept,
                PendingRevocation = ConsumerMember.Nothing.AddRange(unwanted),
            };
        var assigned = kept.ToBuilder();
        var isAllFree = true;
        foreach (var partition in wanted.Where(partition => !kept.ContainsKey(partition)))
        {
            var isFree = change.HolderOf(partition) is not { } holder || holder == member.MemberId;
            isAllFree &= isFree;
            if (isFree)
                assigned.Add(partition, change.TargetEpoch);
        }

        return member with
        {
            PreviousEpoch = member.Epoch,
            Epoch = change.TargetEpoch,
            State = isAllFree ? MemberState.Stable : MemberState.UnreleasedPartitions,
            Assigned = assigned.ToImmutable(),
            PendingRevocation = ConsumerMember.Nothing,
        };
    }

    /// <summary>Who does not say what it owns may own it all.</summary>
    private bool Owns(IEnumerable<TopicIdPartition> partitions) => _owned is null || partitions.Any(_owned.Contains);
}
