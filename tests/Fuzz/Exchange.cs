using Millrace.Broker;
using Millrace.Broker.Requests;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>
/// One frame on a connection of its own, and what becomes of it. 1. It is answered once, or the connection is closed.
/// 2. An answer is written at once, as the connection writes it.
/// </summary>
internal sealed class Exchange(FuzzedBroker broker, byte[] frame) : IConnection
{
    private readonly HashSet<IConnectionListener> _listeners = [];
    private bool _isDone;

    /// <summary>As it was sent: the broker stamps offsets into the records it is given.</summary>
    public byte[] Frame { get; } = frame;

    public ILoop Loop => broker.Loop;

    public string ClientHost => "/127.0.0.1";

    public int ClientPort => 40000;

    public ClientSoftware Software { get; set; } = ClientSoftware.Unknown;

    public string LocalHost => "127.0.0.1";

    public int LocalPort => 9092;

    public RequestHeader Header { get; private set; } = new(-1, -1, 0, "");

    public IMessage? Response { get; private set; }

    /// <summary>Bytes of the answer.</summary>
    public int Sent { get; private set; }

    /// <summary>Why the broker closes the connection; null while it does not.</summary>
    public string? ClosedBecause { get; private set; }

    /// <summary>Answered, with nothing if it wants nothing, or closed by either side.</summary>
    public bool IsSettled => _isDone || ClosedBecause is not null;

    /// <summary>Hands the frame to the dispatcher, as a connection does.</summary>
    public void Receive()
    {
        try
        {
            var reader = new WireReader(
                (byte[])Frame.Clone(), broker.Strings, WireReader.ElementsOfRequest(Frame.Length));
            Header = RequestHeader.Read(ref reader);
            broker.Dispatcher.Dispatch(new PendingRequest(this, Header), ref reader);
        }
        catch (MalformedFrameException malformed)
        {
            if (_isDone)
                throw new InvalidOperationException("An answered request turns out to be malformed.", malformed);
            ClosedBecause = malformed.Message;
        }
    }

    /// <summary>The client goes away.</summary>
    public void Close()
    {
        ClosedBecause ??= "the client is gone";
        foreach (var listener in _listeners)
            listener.OnClosed(this);
    }

    public void HoldBack()
    {
        // No request follows on this connection.
    }

    public void GoOn()
    {
        // No request follows on this connection.
    }

    public void Listen(IConnectionListener listener) => _listeners.Add(listener);

    public void Complete(PendingRequest request, IMessage response)
    {
        Finish();
        Response = response;
        using var writer = new WireWriter();
        request.Header.WriteResponse(writer);
        response.Write(writer, request.Version);
        Sent = writer.Length;
    }

    public void CompleteSilently(PendingRequest request) => Finish();

    public void CloseAfter(PendingRequest request, string reason)
    {
        Finish();
        ClosedBecause ??= reason;
    }

    private void Finish()
    {
        if (_isDone)
            throw new InvalidOperationException("A request is answered twice.");
        _isDone = true;
    }
}
