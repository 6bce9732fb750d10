using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Ledgers;

/// <summary>What members of share groups know: what they have, and what they were answered.</summary>
internal sealed class ShareLedger(World world)
{
    private const int MostDeliveries = 5;
    private const long LockMs = 30_000;

    private readonly HashSet<(string Group, Uuid Topic, int Partition, long Offset)> _done = [];
    private readonly Dictionary<(string Group, Uuid Topic, int Partition, long Offset), Holder> _holders = [];

    /// <summary>Records that were accepted or rejected, and answered so.</summary>
    public int Done => _done.Count;

    /// <summary>A member got records, in answer to a request that it sent then.</summary>
    public void Delivered(
        (string Group, Uuid Topic, int Partition) share, (long First, long Last, short Count) records, string member,
        long sentAt)
    {
        if (!IsDurable(share.Topic, share.Partition))
            return;
        if (records.Count is < 1 or > MostDeliveries)
            world.Fail($"{member} got offset {records.First} as delivery {records.Count}");
        for (var offset = records.First; offset <= records.Last; offset++)
        {
            var key = (share.Group, share.Topic, share.Partition, offset);
            if (_done.Contains(key))
                world.Fail($"{member} got {share.Partition}, offset {offset}, which was done and answered so");
            if (!world.Scenario.LosesConnections && _holders.TryGetValue(key, out var holder)
                && holder.Member != member && holder.Life == world.Starts && world.Disk.Capacity == long.MaxValue
                && world.Time.Microseconds < holder.LockEnd)
                world.Fail($"{member} got offset {offset}, which {holder.Member} has");
            _holders[key] = new Holder(member, world.Starts, sentAt + LockMs * 1000);
        }
    }

    /// <summary>The member says what of its records: from now on others may get them.</summary>
    public void Leaving((string Group, Uuid Topic, int Partition) share, long first, long last)
    {
        for (var offset = first; offset <= last; offset++)
            _holders.Remove((share.Group, share.Topic, share.Partition, offset));
    }

    /// <summary>The member gives up all that it has.</summary>
    public void LeavingAll(string member)
    {
        foreach (var key in _holders.Where(held => held.Value.Member == member).Select(held => held.Key).ToList())
            _holders.Remove(key);
    }

    /// <summary>
    /// The disk was full: what can't be stored closes the sharing of a partition, and who has what is not known to the
    /// broker any more.
    /// </summary>
    public void ForgetHolders() => _holders.Clear();

    /// <summary>The broker has answered that these are accepted, or rejected.</summary>
    public void Answered((string Group, Uuid Topic, int Partition) share, long first, long last)
    {
        for (var offset = first; offset <= last; offset++)
            _done.Add((share.Group, share.Topic, share.Partition, offset));
    }

    /// <summary>Where records can be lost, their offsets are given to others.</summary>
    public bool IsDurable(Uuid topic, int partition) =>
        world.Ledger.Find(topic) is { IsGone: false } known && partition < known.Partitions.Count
        && known.Partitions[partition].IsDurable;

    /// <summary>No record of it is lost or deleted.</summary>
    public bool IsKept(Uuid topic, int partition) =>
        IsDurable(topic, partition) && world.Ledger.Find(topic)!.Partitions[partition].KeepsAll;

    private readonly record struct Holder(string Member, int Life, long LockEnd);
}
