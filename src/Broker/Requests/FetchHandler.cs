using Millrace.Broker.Fetching;
using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// Fetch (key 1), versions 4 to 18. Reads whole batches from the one that holds the fetch offset on, and waits up to
/// the wanted time for the wanted bytes.
/// </summary>
/// <remarks>
/// <para>The first partition with data gives at least one batch whatever the limits (KIP-74); partitions are served in
/// the order of the request, in a session those first that got nothing last time. An error, or as many bytes as were
/// wanted, ends the wait.</para>
/// <para>Sessions (KIP-227): epoch 0 asks for one, -1 ends it, both with all partitions; any other goes on with one,
/// naming what changes. A response in a session has what is new, and errors each time. A wrong id or epoch, or a change
/// between names and ids, is an error for the whole that leaves the session as it was. A session that is left without
/// partitions ends.</para>
/// <para>Versions before 10 still get zstd; 12 checks the last fetched epoch; 13 names topics by id. The preferred read
/// replica is always -1: this node is the only replica, and no replica fetches from it (NOT_LEADER_OR_FOLLOWER).</para>
/// <para>read_committed ends at the last stable offset and names the aborted transactions. A damaged offset is
/// CORRUPT_MESSAGE; one behind the damage can be fetched.</para>
/// </remarks>
internal sealed class FetchHandler(TopicPartitions topics, BrokerSettings settings, FetchSessions sessions)
    : RecyclingRequestHandler<FetchRequest>
{
    private const sbyte ReadUncommitted = 0;
    private const sbyte ReadCommitted = 1;
    private const int FinalEpoch = -1;
    private const int InitialEpoch = 0;
    private const short FirstVersionWithIds = 13;

    private readonly int _mostBytes = settings.Int("fetch.max.bytes");

    protected override void Handle(PendingRequest pending, FetchRequest request)
    {
        if (request.IsolationLevel is not (ReadUncommitted or ReadCommitted))
        {
            pending.Reply(Refusal(request));
            return;
        }

        var isFull = request.SessionEpoch is InitialEpoch or FinalEpoch;
        var usesTopicIds = pending.Version >= FirstVersionWithIds;
        var fetch = pending.Use<Fetch>();
        (fetch.Topics, fetch.Sessions) = (topics, sessions);
        fetch.Begin(pending, request, _mostBytes);
        if (isFull)
        {
            if (request.SessionId != 0)
                sessions.Remove(request.SessionId);
            fetch.Start(New(usesTopicIds, request), request.SessionEpoch == InitialEpoch);
        }
        else if (sessions.Find(request.SessionId) is not { } session)
        {
            fetch.Refuse(ErrorCode.FetchSessionIdNotFound);
        }
        else if (GoOn(session, request, usesTopicIds, pending) is var error and not ErrorCode.None)
        {
            fetch.Refuse(error);
        }
        else if (session.Count == 0)
        {
            sessions.Remove(session.Id);
            fetch.Start(New(usesTopicIds, request), isToKeep: false);
        }
        else
        {
            fetch.GoOn(session);
        }
    }

    /// <summary>What is wrong for the whole is told of it and of each partition.</summary>
    private static FetchResponse Refusal(FetchRequest request)
    {
        var failed = FetchedPartition.Failed(ErrorCode.UnknownServerError) with { Aborted = [] };
        return new FetchResponse
        {
            ErrorCode = ErrorCode.UnknownServerError,
            Responses = request.Topics.ConvertAll(topic => new FetchResponse.FetchableTopicResponse
            {
                Topic = topic.Topic,
                TopicId = topic.TopicId,
                Partitions = topic.Partitions.ConvertAll(wanted => failed.Response(wanted.Partition)),
            }),
        };
    }

    private static FetchSession New(bool usesTopicIds, FetchRequest request)
    {
        var session = Recycled<FetchSession>.Take();
        session.UsesTopicIds = usesTopicIds;
        session.Update(request);
        return session;
    }

    private ErrorCode GoOn(FetchSession session, FetchRequest request, bool usesTopicIds, PendingRequest pending)
    {
        lock (session.Gate)
        {
            if (request.SessionEpoch != session.Epoch)
                return ErrorCode.InvalidFetchSessionEpoch;
            if (session.UsesTopicIds != usesTopicIds)
                return ErrorCode.FetchSessionTopicIdError;
            session.Update(request);
            if (!sessions.Touch(session, pending.Loop.Steady))
                return ErrorCode.FetchSessionIdNotFound;
            session.Advance();
            return ErrorCode.None;
        }
    }
}
