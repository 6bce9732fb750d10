using Millrace.Broker.Partitions;
using Millrace.Protocol.Messages;

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
internal sealed class FetchSession(bool usesTopicIds)
{
    private readonly Dictionary<FetchKey, FetchPartition> _byKey = [];
    private readonly List<FetchPartition> _partitions = [];
    private object? _resolvedBy;
    private Partition[] _leaders = [];

    /// <summary>Held while the session is read or changed; never while waiting.</summary>
    public Lock Gate { get; } = new();

    /// <summary>0 until the session is kept.</summary>
    public int Id { get; set; }

    /// <summary>Of the request that comes next.</summary>
    public int Epoch { get; private set; } = 1;

    public bool UsesTopicIds => usesTopicIds;

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
                Set(new FetchKey(topic.Topic, topic.TopicId, wanted.Partition), wanted);
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

    /// <summary>The next request must name the next epoch; behind the last comes 1.</summary>
    public void Advance() => Epoch = Epoch == int.MaxValue ? 1 : Epoch + 1;

    /// <summary>The partitions of this node among them, in an array that is made when it has changed.</summary>
    public Partition[] Leaders(TopicPartitions topics)
    {
        var generation = topics.Generation;
        if (_resolvedBy != generation)
        {
            foreach (var partition in _partitions)
                partition.Resolve(topics);
            _leaders = [.. _partitions.Select(partition => partition.Leader).OfType<Partition>()];
            _resolvedBy = generation;
        }

        return _leaders;
    }

    /// <summary>Puts those that <paramref name="got"/> records behind the others, which are served first
    /// then.</summary>
    public void MoveBehind(HashSet<FetchPartition> got)
    {
        if (got.Count == 0 || got.Count == _partitions.Count)
            return;
        var behind = _partitions.FindAll(got.Contains);
        _partitions.RemoveAll(got.Contains);
        _partitions.AddRange(behind);
    }

    private void Set(FetchKey key, FetchRequest.FetchPartition wanted)
    {
        if (_byKey.TryGetValue(key, out var present))
        {
            present.Wanted = wanted;
            return;
        }

        var added = new FetchPartition(key, usesTopicIds, wanted);
        _byKey.Add(key, added);
        _partitions.Add(added);
        Weight += added.Weight;
    }
}
