using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// The share sessions of this node (KIP-932): each request of a member names the epoch that comes next, so that a lost
/// or repeated request is seen. A pure core: the shell serialises the calls.
/// </summary>
/// <remarks>
/// <para>1. A member of a group has at most one session. 2. There are never more than the limit, and together they hold
/// at most <see cref="MostPartitions"/>, known or not: a topic may be known a little later. 3. Epoch 0 begins a
/// session, -1 ends it, any other must be the next one; a wrong one changes nothing. 4. A session ends with its
/// connection.</para>
/// </remarks>
internal sealed class ShareSessions(int limit)
{
    public const int Initial = 0;
    public const int Final = -1;

    /// <summary>Partitions that all sessions may hold together.</summary>
    public const int MostPartitions = 1_000_000;

    private readonly Dictionary<ShareSessionKey, ShareSession> _sessions = [];
    private int _partitions;

    public int Count => _sessions.Count;

    private int Room => MostPartitions - _partitions;

    /// <summary>
    /// A ShareFetch with the epoch <see cref="Initial"/>: a former session of the member is forgotten.
    /// </summary>
    public ErrorCode TryBegin(
        ShareSessionKey key, object connection, IEnumerable<(Uuid Topic, int Partition)> partitions,
        out ShareSession? session)
    {
        session = null;
        End(key);
        if (_sessions.Count >= limit)
            return ErrorCode.ShareSessionLimitReached;
        var begun = new ShareSession(key, connection);
        if (!begun.TryUpdate(partitions, [], Room))
            return ErrorCode.ShareSessionLimitReached;
        _sessions[key] = session = begun;
        _partitions += session.Partitions.Count;
        return ErrorCode.None;
    }

    /// <summary>Any other request: with the epoch <see cref="Final"/> the session is taken out.</summary>
    public ErrorCode TryContinue(
        ShareSessionKey key, int epoch, IEnumerable<(Uuid Topic, int Partition)> added,
        IEnumerable<(Uuid Topic, int Partition)> forgotten, out ShareSession? session)
    {
        if (!_sessions.TryGetValue(key, out session))
            return ErrorCode.ShareSessionNotFound;
        if (epoch == Final)
        {
            End(key);
            return ErrorCode.None;
        }

        if (epoch != session.NextEpoch)
            return ErrorCode.InvalidShareSessionEpoch;
        var before = session.Partitions.Count;
        if (!session.TryUpdate(added, forgotten, Room))
            return ErrorCode.ShareSessionLimitReached;
        _partitions += session.Partitions.Count - before;
        session.MoveOn();
        return ErrorCode.None;
    }

    /// <summary>The sessions of a connection that has ended are taken out.</summary>
    public IReadOnlyList<ShareSession> Drop(object connection)
    {
        List<ShareSession> dropped = [.. _sessions.Values.Where(session => session.Connection == connection)];
        foreach (var session in dropped)
            End(session.Key);
        return dropped;
    }

    private void End(ShareSessionKey key)
    {
        if (!_sessions.Remove(key, out var session))
            return;
        session.IsEnded = true;
        _partitions -= session.Partitions.Count;
    }
}
