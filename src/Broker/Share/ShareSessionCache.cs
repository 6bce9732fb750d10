using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// The share sessions of this node, for all loops. When a connection ends, its members give back what they have.
/// </summary>
internal sealed class ShareSessionCache(SharedPartitions shared, int limit) : IConnectionListener
{
    private readonly Lock _lock = new();
    private readonly ShareSessions _sessions = new(limit);

    public ErrorCode TryBegin(
        ShareSessionKey key, IConnection connection, IEnumerable<(Uuid Topic, int Partition)> partitions,
        out OpenShareSession? open)
    {
        ErrorCode error;
        lock (_lock)
        {
            error = _sessions.TryBegin(key, connection, partitions, out var session);
            open = session is null ? null : new OpenShareSession(session, [.. session.Partitions]);
        }

        if (error == ErrorCode.None)
            connection.Listen(this);
        return error;
    }

    /// <summary>With the epoch -1 the session has ended, and who asked has to have its records released.</summary>
    public ErrorCode TryContinue(
        ShareSessionKey key, int epoch, IEnumerable<(Uuid Topic, int Partition)> added,
        IEnumerable<(Uuid Topic, int Partition)> forgotten, out OpenShareSession? open)
    {
        open = null;
        lock (_lock)
        {
            var error = _sessions.TryContinue(key, epoch, added, forgotten, out var session);
            if (error == ErrorCode.None)
                open = new OpenShareSession(session!, [.. session!.Partitions]);
            return error;
        }
    }

    public void OnClosed(IConnection connection)
    {
        IReadOnlyList<ShareSession> dropped;
        lock (_lock)
            dropped = _sessions.Drop(connection);
        foreach (var session in dropped)
        {
            foreach (var partition in session.Partitions)
                shared.Find(partition.KeyIn(session.Key.GroupId))?.Release(session.Key.MemberId, _ => { });
        }
    }
}

/// <summary>A session as one request finds it.</summary>
internal sealed record OpenShareSession(ShareSession Session, IReadOnlyList<ShareSessionPartition> Partitions)
{
    public string MemberId => Session.Key.MemberId;

    public string GroupId => Session.Key.GroupId;
}
