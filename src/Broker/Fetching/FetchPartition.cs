using Millrace.Broker.Partitions;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Fetching;

/// <summary>What a partition is named by in fetches: its topic's name, or from version 13 on the topic's id.</summary>
internal readonly record struct FetchKey(string Topic, Uuid TopicId, int Partition);

/// <summary>What a client wants of a partition; -1 where it does not say.</summary>
internal readonly record struct WantedRecords(
    long FetchOffset, int PartitionMaxBytes, int CurrentLeaderEpoch, int LastFetchedEpoch)
{
    public static WantedRecords Of(FetchRequest.FetchPartition wanted) =>
        new(wanted.FetchOffset, wanted.PartitionMaxBytes, wanted.CurrentLeaderEpoch, wanted.LastFetchedEpoch);
}

/// <summary>
/// A partition that a fetch reads: where the client is, and for a session what the client was told of it last.
/// </summary>
internal sealed class FetchPartition : IRecyclable
{
    private const int NameCharactersAUnit = 64;

    private Offset _toldHighWatermark = Offset.None;
    private Offset _toldLogStartOffset = Offset.None;
    private bool _isNamedById;

    public FetchKey Key { get; private set; }

    /// <summary>As the client gave it last.</summary>
    public WantedRecords Wanted { get; set; }

    /// <summary>It has got records, and has yet to go behind the others for that.</summary>
    public bool HasGot { get; set; }

    /// <summary>Null where there is no such partition.</summary>
    public Partition? Leader { get; private set; }

    /// <summary>What is wrong where there is none.</summary>
    public ErrorCode Missing { get; private set; }

    /// <summary>The share that it takes of what sessions may hold in memory: 1 for a usual name.</summary>
    public int Weight => 1 + (Key.Topic.Length / NameCharactersAUnit);

    private bool WasKnown { get; set; }

    /// <summary>From now on it is about this partition.</summary>
    public void Begin(FetchKey key, bool isNamedById, WantedRecords wanted) =>
        (Key, _isNamedById, Wanted) = (key, isNamedById, wanted);

    /// <summary>Looks the partition up; a topic that was known by its id and is gone is no unknown id.</summary>
    public void Resolve(TopicPartitions topics)
    {
        var topic = _isNamedById ? topics.Find(Key.TopicId) : topics.Find(Key.Topic);
        WasKnown |= topic is not null;
        Leader = TopicPartitions.Find(topic, Key.Partition);
        Missing = topic is null && _isNamedById && !WasKnown
            ? ErrorCode.UnknownTopicId
            : ErrorCode.UnknownTopicOrPartition;
    }

    /// <summary>Whether an incremental fetch tells this: records, an error, or another end or start than
    /// last.</summary>
    public bool IsNews(in FetchedPartition found) =>
        found.Slice.Length > 0 || found.IsFailure
        || found.HighWatermark != _toldHighWatermark || found.LogStartOffset != _toldLogStartOffset;

    /// <summary>The client is told this. Behind an error everything is news.</summary>
    public void Tell(in FetchedPartition found)
    {
        _toldHighWatermark = found.IsFailure ? Offset.None : found.HighWatermark;
        _toldLogStartOffset = found.LogStartOffset;
    }

    public void Clear()
    {
        (_toldHighWatermark, _toldLogStartOffset) = (Offset.None, Offset.None);
        (Key, Wanted, Leader, Missing) = (default, default, null, ErrorCode.None);
        (_isNamedById, HasGot, WasKnown) = (false, false, false);
    }

    public void Recycle()
    {
        Clear();
        Recycled<FetchPartition>.Give(this);
    }
}
