namespace Millrace.Core.Share;

/// <summary>
/// How far a share group is with a partition, as it is stored. The batches ascend, do not overlap and begin at the
/// start offset or behind it; what they do not name was never delivered.
/// </summary>
/// <param name="SnapshotEpoch">Counts the snapshots.</param>
/// <param name="StateEpoch">Goes up when the state is begun anew.</param>
/// <param name="LeaderEpoch">Of the partition's leader that asked last.</param>
/// <param name="StartOffset">Below it everything is done; -1 is not set yet.</param>
/// <param name="DeliveryCompleteCount">Records from the start on that are done; -1 where nobody said.</param>
/// <param name="Batches">From the start on.</param>
internal sealed record ShareState(
    int SnapshotEpoch,
    int StateEpoch,
    int LeaderEpoch,
    long StartOffset,
    int DeliveryCompleteCount,
    IReadOnlyList<StateBatch> Batches)
{
    /// <summary>No start offset, no count, no epoch.</summary>
    public const int None = -1;

    /// <summary>When the state began and when it was last stored whole, in milliseconds.</summary>
    public long CreateTimestamp { get; init; }

    public long WriteTimestamp { get; init; }

    /// <summary>Updates since the snapshot.</summary>
    public int Updates { get; init; }

    /// <summary>The state after a change, which covers what was said of its offsets before.</summary>
    public ShareState With(int leaderEpoch, StateChange change)
    {
        var start = change.StartOffset == None ? StartOffset : change.StartOffset;
        List<StateBatch> batches = [.. Batches];
        foreach (var batch in change.Batches)
            Cover(batches, batch);
        return this with
        {
            LeaderEpoch = leaderEpoch == None ? LeaderEpoch : leaderEpoch,
            StartOffset = start,
            DeliveryCompleteCount = change.DeliveryCompleteCount == None
                ? DeliveryCompleteCount
                : change.DeliveryCompleteCount,
            Batches = Joined(batches, start),
        };
    }

    /// <summary>The newer batch takes the place of what the others say of its offsets.</summary>
    private static void Cover(List<StateBatch> batches, in StateBatch newer)
    {
        var (first, last, _, _) = newer;
        var from = IndexOf(batches, first);
        var to = from;
        while (to < batches.Count && batches[to].FirstOffset <= last)
            to++;
        List<StateBatch> parts = [newer];
        if (to > from && batches[from].FirstOffset < first)
            parts.Insert(0, batches[from] with { LastOffset = first - 1 });
        if (to > from && batches[to - 1].LastOffset > last)
            parts.Add(batches[to - 1] with { FirstOffset = last + 1 });
        batches.RemoveRange(from, to - from);
        batches.InsertRange(from, parts);
    }

    /// <summary>The first batch that ends at the offset or behind it.</summary>
    private static int IndexOf(List<StateBatch> batches, long offset)
    {
        var (low, high) = (0, batches.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (batches[middle].LastOffset < offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>From the start offset on, neighbours that say the same made one.</summary>
    private static List<StateBatch> Joined(List<StateBatch> batches, long start)
    {
        List<StateBatch> result = [];
        foreach (var batch in batches.Where(batch => batch.LastOffset >= start))
        {
            var next = batch with { FirstOffset = Math.Max(batch.FirstOffset, start) };
            if (result.Count > 0 && result[^1].IsGoneOnBy(next))
                result[^1] = result[^1] with { LastOffset = next.LastOffset };
            else
                result.Add(next);
        }

        return result;
    }
}
