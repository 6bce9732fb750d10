using Millrace.Broker.Partitions;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Fetching;

/// <summary>
/// The partitions that a client fetches again and again, kept so that a request says only what changes, and a response
/// only what is new (KIP-227).
/// </summary>
/// <remarks>
/// <para>Owned by <see cref="FetchSessions"/>, used by the fetches that name it, under its lock. 1. A key stands in it
/// once. 2. Who got records goes behind those who got none. 3. A fetch finds all it needs in place: only what changes
/// the session takes memory.</para>
/// </remarks>
internal sealed class FetchSession : IRecyclable
{
    private const int MostKeptPartitions = 256;

    private Dictionary<FetchKey, FetchPartition> _byKey = [];
    private List<FetchPartition> _partitions = [];
    private List<FetchPartition> _behind = [];
    private object? _resolvedBy;

    /// <summary>Held while the session is read or changed; never while waiting.</summary>
    public Lock Gate { get; } = new();

    /// <summary>0 until the session is kept.</summary>
    public int Id { get; set; }

    /// <summary>Of the request that comes next.</summary>
    public int Epoch { get; private set; } = 1;

    public bool UsesTopicIds { get; set; }

    public int Count => _partitions.Count;

    /// <summary>What it takes of the memory that sessions may have.</summary>
    public long Weight { get; private set; }

    /// <summary>In the order in which they are read.</summary>
    public List<FetchPartition> Partitions => _partitions;

    /// <summary>Takes what the request adds, changes and forgets.</summary>
    public void Update(FetchRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var wanted in topic.Partitions)
                Set(new FetchKey(topic.Topic, topic.TopicId, wanted.Partition), WantedRecords.Of(wanted));
        }

        var isShorter = false;
        foreach (var topic in request.ForgottenTopicsData)
        {
            foreach (var partition in topic.Partitions)
            {
                if (_byKey.Remove(new FetchKey(topic.Topic, topic.TopicId, partition), out var forgotten))
                {
                    isShorter = true;
                    Weight -= forgotten.Weight;
                }
            }
        }

        if (isShorter)
            _partitions.RemoveAll(partition => !_byKey.ContainsKey(partition.Key));
        if (isShorter || request.Topics.Count > 0)
            _resolvedBy = null;
    }

    /// <summary>The next request must name the next epoch.</summary>
    public void Advance() => Epoch = Next(Epoch);

    /// <summary>Behind the last epoch comes 1.</summary>
    public static int Next(int epoch) => epoch == int.MaxValue ? 1 : epoch + 1;

    /// <summary>Looks all partitions up where that has changed.</summary>
    public void Resolve(TopicPartitions topics)
    {
        var generation = topics.Generation;
        if (_resolvedBy == generation)
            return;
        foreach (var partition in _partitions)
            partition.Resolve(topics);
        _resolvedBy = generation;
    }

    /// <summary>Adds the partitions of this node among them.</summary>
    public void AddLeaders(TopicPartitions topics, List<Partition> leaders)
    {
        Resolve(topics);
        foreach (var partition in _partitions)
        {
            if (partition.Leader is { } leader)
                leaders.Add(leader);
        }
    }

    /// <summary>Puts those that got records behind the others, which are served first then.</summary>
    public void MoveBehind()
    {
        var front = 0;
        for (var i = 0; i < _partitions.Count; i++)
        {
            var partition = _partitions[i];
            if (partition.HasGot)
                _behind.Add(partition);
            else
                _partitions[front++] = partition;
        }

        foreach (var partition in _behind)
        {
            partition.HasGot = false;
            _partitions[front++] = partition;
        }

        _behind.Clear();
    }

    public void Clear()
    {
        _partitions = RecycledList.Emptied(_partitions);
        if (_byKey.Count > MostKeptPartitions)
            _byKey = [];
        else
            _byKey.Clear();
        _behind = RecycledList.EmptiedValues(_behind);
        (_resolvedBy, Id, Epoch, Weight, UsesTopicIds) = (null, 0, 1, 0, false);
    }

    public void Recycle()
    {
        Clear();
        Recycled<FetchSession>.Give(this);
    }

    private void Set(FetchKey key, WantedRecords wanted)
    {
        if (_byKey.TryGetValue(key, out var present))
        {
            present.Wanted = wanted;
            return;
        }

        var added = Recycled<FetchPartition>.Take();
        added.Begin(key, UsesTopicIds, wanted);
        _byKey.Add(key, added);
        _partitions.Add(added);
        Weight += added.Weight;
    }
}
