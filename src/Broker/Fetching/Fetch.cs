using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Fetching;

/// <summary>One request for records: it reads its session's partitions until there is enough to reply.</summary>
/// <remarks>
/// <para>Owned by the loop of its connection. 1. It replies once. 2. The session is changed only by the look that
/// replies. 3. A session that another request has moved on from is not told anything. 4. A session that is not kept is
/// recycled with it.</para>
/// </remarks>
internal sealed class Fetch : IRecyclable
{
    private const int MostKeptPartitions = 256;

    private List<(FetchPartition Partition, FetchedPartition Found)> _found = [];
    private PendingRequest _pending = null!;
    private FetchRequest _request = null!;
    private FetchSession? _session;
    private FetchResponse? _response;
    private int _mostBytes;
    private int _epoch;
    private bool _isFull;
    private bool _isToKeep;

    public TopicPartitions Topics { get; set; } = null!;

    public FetchSessions Sessions { get; set; } = null!;

    public void Begin(PendingRequest pending, FetchRequest request, int mostBytes) =>
        (_pending, _request, _mostBytes) = (pending, request, mostBytes);

    public void Refuse(ErrorCode error) => _pending.Reply(new FetchResponse { ErrorCode = error });

    /// <summary>Fetches all that the request names; the session is kept for the next if there is room.</summary>
    public void Start(FetchSession session, bool isToKeep)
    {
        _isFull = true;
        _isToKeep = isToKeep;
        Run(session, session.Epoch);
    }

    /// <summary>Fetches what is new in a session that took the request.</summary>
    public void GoOn(FetchSession session) => Run(session, FetchSession.Next(_request.SessionEpoch));

    /// <summary>
    /// Reads; true if there is enough, or nothing more is to be waited for: then <see cref="Reply"/> is due.
    /// </summary>
    public bool CanReply(bool isLast)
    {
        var session = _session!;
        lock (session.Gate)
        {
            _response = _epoch == session.Epoch
                ? Look(session, isLast)
                : new FetchResponse { ErrorCode = ErrorCode.InvalidFetchSessionEpoch };
        }

        return _response is not null;
    }

    /// <summary>Replies what was read. The fetch must not be used afterwards.</summary>
    public void Reply() => _pending.Reply(_response!);

    public void Clear()
    {
        if (_found.Count > MostKeptPartitions)
            _found = [];
        else
            _found.Clear();
        if (_session is { Id: 0 } session)
            session.Recycle();
        (_pending, _request, _session, _response) = (null!, null!, null, null);
        (_isFull, _isToKeep) = (false, false);
    }

    public void Recycle()
    {
        Clear();
        Recycled<Fetch>.Give(this);
    }

    private void Run(FetchSession session, int epoch)
    {
        _session = session;
        _epoch = epoch;
        if (CanReply(_request.MaxWaitMs <= 0))
        {
            Reply();
            return;
        }

        var delayed = _pending.Use<DelayedFetch>();
        lock (session.Gate)
            session.AddLeaders(Topics, delayed.Partitions);
        delayed.Wait(this, _pending, _pending.Loop.Steady + _request.MaxWaitMs);
    }

    private FetchResponse? Look(FetchSession session, bool isLast)
    {
        session.Resolve(Topics);
        var reader = new FetchReader(_request, _mostBytes);
        _found.Clear();
        var hasFailed = false;
        foreach (var partition in session.Partitions)
        {
            var fetched = reader.Look(partition);
            hasFailed |= fetched.IsFailure;
            if (_isFull || partition.IsNews(fetched))
                _found.Add((partition, fetched));
        }

        var isEnough = hasFailed || reader.Read >= _request.MinBytes || session.Count == 0;
        return isLast || isEnough ? Tell(session) : null;
    }

    private FetchResponse Tell(FetchSession session)
    {
        var response = _pending.Use<FetchResponse>();
        FetchResponse.FetchableTopicResponse? topic = null;
        foreach (var (partition, found) in _found)
        {
            var key = partition.Key;
            if (topic is null || topic.Topic != key.Topic || topic.TopicId != key.TopicId)
            {
                topic = Recycled<FetchResponse.FetchableTopicResponse>.Take();
                (topic.Topic, topic.TopicId) = (key.Topic, key.TopicId);
                response.Responses.Add(topic);
            }

            topic.Partitions.Add(found.Response(key.Partition));
            partition.Tell(found);
            partition.HasGot = !_isFull && found.Slice.Length > 0;
        }

        if (_isToKeep)
            Sessions.TryAdd(session, _pending.Loop.Steady);
        if (!_isFull)
            session.MoveBehind();
        response.SessionId = session.Id;
        return response;
    }
}
