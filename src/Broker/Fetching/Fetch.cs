using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Fetching;

/// <summary>One request for records: it reads its session's partitions until there is enough to reply.</summary>
/// <remarks>
/// <para>Owned by the loop of its connection. 1. It replies once. 2. The session is changed only by the look that
/// replies. 3. A session that another request has moved on from is not told anything.</para>
/// </remarks>
internal sealed class Fetch(PendingRequest pending, FetchRequest request, int mostBytes)
{
    private FetchSession _session = null!;
    private int _epoch;
    private bool _isFull;
    private bool _isToKeep;

    public required TopicPartitions Topics { get; init; }

    public required FetchSessions Sessions { get; init; }

    public void Refuse(ErrorCode error) => pending.Reply(new FetchResponse { ErrorCode = error });

    /// <summary>Fetches all that the request names; the session is kept for the next if there is room.</summary>
    public void Start(FetchSession session, bool isToKeep)
    {
        _isFull = true;
        _isToKeep = isToKeep;
        GoOn(session);
    }

    /// <summary>Fetches what is new in a session that took the request.</summary>
    public void GoOn(FetchSession session)
    {
        _session = session;
        _epoch = session.Epoch;
        if (TryReply(request.MaxWaitMs <= 0))
            return;
        Partition[] partitions;
        lock (session.Gate)
            partitions = session.Leaders(Topics);
        DelayedFetch.Wait(pending, partitions, pending.Loop.Steady + request.MaxWaitMs, TryReply);
    }

    /// <summary>Reads, and replies if there is enough or nothing more is to be waited for; whether it did.</summary>
    private bool TryReply(bool isLast)
    {
        FetchResponse? response;
        lock (_session.Gate)
        {
            response = _epoch == _session.Epoch
                ? Look(isLast)
                : new FetchResponse { ErrorCode = ErrorCode.InvalidFetchSessionEpoch };
        }

        if (response is null)
            return false;
        pending.Reply(response);
        return true;
    }

    private FetchResponse? Look(bool isLast)
    {
        _session.Leaders(Topics);
        var reader = new FetchReader(request, mostBytes);
        var found = new List<(FetchPartition, FetchedPartition)>();
        var hasFailed = false;
        foreach (var partition in _session.Partitions)
        {
            var fetched = reader.Look(partition);
            hasFailed |= fetched.IsFailure;
            if (_isFull || partition.IsNews(fetched))
                found.Add((partition, fetched));
        }

        var isEnough = hasFailed || reader.Read >= request.MinBytes || _session.Count == 0;
        return isLast || isEnough ? Tell(found) : null;
    }

    private FetchResponse Tell(List<(FetchPartition Partition, FetchedPartition Found)> told)
    {
        var response = new FetchResponse();
        FetchResponse.FetchableTopicResponse? topic = null;
        var got = new HashSet<FetchPartition>();
        foreach (var (partition, found) in told)
        {
            var key = partition.Key;
            if (topic is null || topic.Topic != key.Topic || topic.TopicId != key.TopicId)
                response.Responses.Add(topic = new() { Topic = key.Topic, TopicId = key.TopicId });
            topic.Partitions.Add(found.Response(key.Partition));
            partition.Tell(found);
            if (found.Slice.Length > 0)
                got.Add(partition);
        }

        if (_isToKeep)
            Sessions.TryAdd(_session, pending.Loop.Steady);
        if (!_isFull)
            _session.MoveBehind(got);
        response.SessionId = _session.Id;
        return response;
    }
}
