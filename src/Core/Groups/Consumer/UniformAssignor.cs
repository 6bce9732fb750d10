using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// Spreads the partitions so that no member could give one to another that subscribes to it and has two fewer; apart
/// from that, members keep what they have. With equal subscriptions the numbers differ by one at most.
/// </summary>
internal sealed class UniformAssignor : IPartitionAssignor
{
    public string Name => "uniform";

    public Dictionary<string, ImmutableSortedSet<TopicIdPartition>> Assign(
        IReadOnlyList<AssignedMember> members, IReadOnlyDictionary<Uuid, int> partitions)
    {
        var shares = members.Select(member => new Share(member)).ToList();
        var free = Keep(shares, partitions);
        if (shares.TrueForAll(share => share.Member.Topics.SetEquals(shares[0].Member.Topics)))
            Even(shares, free);
        else
            Spread(shares, free);
        return shares.ToDictionary(share => share.Member.MemberId, share => share.Partitions.ToImmutableSortedSet());
    }

    /// <summary>Everybody keeps what there is and what it subscribes to; the rest is free, in order.</summary>
    private static SortedSet<TopicIdPartition> Keep(
        List<Share> shares, IReadOnlyDictionary<Uuid, int> partitions)
    {
        var free = new SortedSet<TopicIdPartition>();
        foreach (var (topic, count) in partitions)
            for (var i = 0; i < count; i++)
                free.Add(new TopicIdPartition(topic, i));
        foreach (var share in shares)
            foreach (var partition in share.Member.Target)
                if (share.Member.Topics.Contains(partition.TopicId) && free.Remove(partition))
                    share.Partitions.Add(partition);
        return free;
    }

    /// <summary>
    /// All subscribe to the same: who has too many gives up its last, who has too few takes the first.
    /// </summary>
    private static void Even(List<Share> shares, SortedSet<TopicIdPartition> free)
    {
        if (shares.Count == 0)
            return;
        var all = free.Count + shares.Sum(share => share.Partitions.Count);
        var quota = all / shares.Count;
        var larger = all % shares.Count;
        foreach (var share in shares)
        {
            var mayKeep = share.Partitions.Count > quota && larger > 0 ? quota + 1 : quota;
            larger -= mayKeep > quota ? 1 : 0;
            while (share.Partitions.Count > mayKeep)
            {
                var last = share.Partitions.Max;
                share.Partitions.Remove(last);
                free.Add(last);
            }
        }

        foreach (var share in shares)
            while (share.Partitions.Count < quota)
                share.Take(free);
        foreach (var share in shares)
            if (free.Count > 0 && share.Partitions.Count == quota)
                share.Take(free);
    }

    /// <summary>
    /// Each free partition goes to the subscriber that has least, those with few subscribers first. Then partitions
    /// move from who has more to who has two fewer; each move makes the numbers more even, so that it comes to an end.
    /// </summary>
    private static void Spread(List<Share> shares, SortedSet<TopicIdPartition> free)
    {
        var subscribers = shares.SelectMany(share => share.Member.Topics.Select(topic => (topic, share)))
            .GroupBy(pair => pair.topic, pair => pair.share)
            .ToDictionary(topic => topic.Key, topic => topic.ToList());
        foreach (var partition in free.OrderBy(partition => subscribers[partition.TopicId].Count)
            .ThenBy(partition => partition).ToList())
            subscribers[partition.TopicId].MinBy(share => share.Partitions.Count)!.Partitions.Add(partition);
        for (var hasMoved = true; hasMoved;)
        {
            hasMoved = false;
            foreach (var (topic, candidates) in subscribers)
                hasMoved |= Even(topic, candidates);
        }
    }

    private static bool Even(Uuid topic, List<Share> candidates)
    {
        var least = candidates.MinBy(share => share.Partitions.Count)!;
        var most = candidates.Where(share => share.Partitions.Count >= least.Partitions.Count + 2
            && share.Of(topic).Count > 0).MaxBy(share => share.Partitions.Count);
        if (most is null)
            return false;
        var moved = most.Of(topic).Max;
        most.Partitions.Remove(moved);
        least.Partitions.Add(moved);
        return true;
    }

    /// <summary>What a member is to have so far.</summary>
    private sealed class Share(AssignedMember member)
    {
        public AssignedMember Member { get; } = member;

        public SortedSet<TopicIdPartition> Partitions { get; } = [];

        public SortedSet<TopicIdPartition> Of(Uuid topic) => Partitions.GetViewBetween(
            new TopicIdPartition(topic, 0), new TopicIdPartition(topic, int.MaxValue));

        public void Take(SortedSet<TopicIdPartition> free)
        {
            var first = free.Min;
            free.Remove(first);
            Partitions.Add(first);
        }
    }
}
