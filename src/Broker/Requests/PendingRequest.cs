using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// A request that was received, with the place that its response has in the connection's order. Made by the
/// connection; answered exactly once by a handler, at once or later, from any thread.
/// </summary>
internal sealed class PendingRequest(IConnection connection, RequestHeader header)
{
    public RequestHeader Header { get; } = header;

    public short Version => Header.ApiVersion;

    public IConnection Connection { get; } = connection;

    public ILoop Loop => Connection.Loop;

    /// <summary>What is to be sent when those in front have gone; null for nothing. The connection's own.</summary>
    internal IMessage? Response { get; set; }

    /// <summary>When the request came and how large it was, where requests are traced. The connection's own.</summary>
    internal long ReceivedAt { get; set; }

    internal int Bytes { get; set; }

    /// <summary>Set by the connection once the response is known.</summary>
    internal bool IsDone { get; set; }

    public void Reply(IMessage response) => Connection.Complete(this, response);

    public void ReplyNothing() => Connection.CompleteSilently(this);

    /// <summary>Ends the connection without an answer, as Kafka does where a request can't be understood.</summary>
    public void Refuse(string reason) => Connection.CloseAfter(this, reason);
}
