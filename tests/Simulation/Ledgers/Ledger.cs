using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Ledgers;

/// <summary>A topic as its creator knows it.</summary>
internal sealed class TopicLedger(World world, string name, Uuid id, bool keepsAll)
{
    public string Name { get; } = name;

    public Uuid Id { get; } = id;

    public List<PartitionLedger> Partitions { get; } = [];

    /// <summary>A deletion was asked for: whether it came to pass is not known until it is answered.</summary>
    public bool MayBeGone { get; set; }

    public bool IsGone { get; set; }

    public void Grow(int partitions)
    {
        while (Partitions.Count < partitions)
            Partitions.Add(new PartitionLedger(world, $"{Name}-{Partitions.Count}", keepsAll));
    }
}

/// <summary>All that clients know of what the broker holds.</summary>
internal sealed class Ledger(World world)
{
    private readonly HashSet<long> _producerIds = [];
    private readonly Dictionary<(string Group, string Partition), Progress> _committed = [];
    private int _lastId;

    public List<TopicLedger> Topics { get; } = [];

    /// <summary>Topics that are never deleted.</summary>
    public List<TopicLedger> StableTopics { get; } = [];

    public TopicLedger? Find(Uuid id) => Topics.FirstOrDefault(topic => topic.Id == id);

    public SentRecord NewRecord(short acks) => new(++_lastId, acks);

    public TopicLedger Created(string name, Uuid id, int partitions, bool keepsAll)
    {
        var topic = new TopicLedger(world, name, id, keepsAll);
        topic.Grow(partitions);
        Topics.Add(topic);
        return topic;
    }

    public void GaveProducerId(long id)
    {
        if (!_producerIds.Add(id))
            world.Fail($"producer id {id} was given twice");
    }

    /// <summary>A commit is under way: the offset may be found from now on.</summary>
    public void Committing(string group, string partition, long offset) =>
        Of(group, partition).Highest = Math.Max(Of(group, partition).Highest, offset);

    public void Committed(string group, string partition, long offset)
    {
        world.Sometimes.Count(Rare.OffsetsCommitted);
        Of(group, partition).Safe = Math.Max(Of(group, partition).Safe, offset);
    }

    /// <summary>What an answer to a question that is asked now must reach.</summary>
    public long SafeOffset(string group, string partition) => Of(group, partition).Safe;

    public void Fetched(string group, string partition, long safe, long offset)
    {
        if (offset < safe)
            world.Fail($"group {group} had committed {safe} of {partition} and finds {offset}");
        if (offset > Of(group, partition).Highest)
            world.Fail($"group {group} finds {offset} of {partition}, which nobody committed");

        // What was answered is on stable storage, whatever became of the commit's own answer.
        Of(group, partition).Safe = Math.Max(Of(group, partition).Safe, offset);
    }

    private Progress Of(string group, string partition)
    {
        if (!_committed.TryGetValue((group, partition), out var committed))
            _committed[(group, partition)] = committed = new Progress();
        return committed;
    }

    private sealed class Progress
    {
        public long Safe { get; set; } = -1;

        public long Highest { get; set; } = -1;
    }
}
