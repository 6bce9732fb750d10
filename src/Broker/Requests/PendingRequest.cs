using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// A request that was received, with the place that its response has in the connection's order. Made by the
/// connection; answered exactly once by a handler, at once or later, from any thread.
/// </summary>
/// <remarks>
/// <para>A handler on the hot path takes what it needs with <see cref="Use"/>. When the answer is written the
/// connection recycles all of that and the request itself: from the answer on the handler must not touch them.
/// Requests whose handlers take nothing are left to the garbage collector.</para>
/// </remarks>
internal sealed class PendingRequest : IRecyclable
{
    private readonly List<IRecyclable> _used = [];
    private IConnection? _connection;

    public PendingRequest()
    {
    }

    public PendingRequest(IConnection connection, RequestHeader header) => Begin(connection, header);

    public RequestHeader Header { get; private set; }

    public short Version => Header.ApiVersion;

    public IConnection Connection => _connection!;

    public ILoop Loop => Connection.Loop;

    /// <summary>What waits to answer it, to be told if the client goes; null for nobody.</summary>
    public IAbandonable? Waiter { get; set; }

    /// <summary>What is to be sent when those in front have gone; null for nothing. The connection's own.</summary>
    internal IMessage? Response { get; set; }

    /// <summary>Goes on with the answered request on the connection's loop. The connection's own.</summary>
    internal Action? Continuation { get; set; }

    /// <summary>When the request came and how large it was, where requests are traced. The connection's own.</summary>
    internal long ReceivedAt { get; set; }

    internal int Bytes { get; set; }

    /// <summary>Set by the connection once the response is known.</summary>
    internal bool IsDone { get; set; }

    public void Begin(IConnection connection, RequestHeader header) => (_connection, Header) = (connection, header);

    /// <summary>Something clear that is the handler's until it answers.</summary>
    public T Use<T>()
        where T : class, IRecyclable, new()
    {
        var used = Recycled<T>.Take();
        _used.Add(used);
        return used;
    }

    public void Reply(IMessage response) => Connection.Complete(this, response);

    public void ReplyNothing() => Connection.CompleteSilently(this);

    /// <summary>Ends the connection without an answer, as Kafka does where a request can't be understood.</summary>
    public void Refuse(string reason) => Connection.CloseAfter(this, reason);

    public void Clear()
    {
        foreach (var used in _used)
            used.Recycle();
        _used.Clear();
        _connection = null;
        Header = default;
        Waiter = null;
        Response = null;
        IsDone = false;
    }

    /// <summary>The answer is written, or nobody is there to take it.</summary>
    public void Recycle()
    {
        if (_used.Count == 0)
            return;
        Clear();
        Recycled<PendingRequest>.Give(this);
    }
}

/// <summary>Waits with a request that nobody may want to have answered any more.</summary>
internal interface IAbandonable
{
    /// <summary>The client is gone: what waits is dropped, the request not answered. On the loop.</summary>
    void Abandon();
}
