using Millrace.Broker;
using Millrace.Broker.Requests;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Shared.Simulated;

/// <summary>A connection that keeps what it is told to send.</summary>
internal sealed class SimConnection(SimLoop loop) : IConnection
{
    private readonly Dictionary<PendingRequest, IMessage?> _answers = [];
    private readonly HashSet<IConnectionListener> _listeners = [];
    private int _correlationId;

    public ILoop Loop => loop;

    public string ClientHost => "/127.0.0.1";

    public int ClientPort => 40000;

    public ClientSoftware Software { get; set; } = ClientSoftware.Unknown;

    public string LocalHost => "127.0.0.1";

    public int LocalPort => 9092;

    /// <summary>Why the broker closes the connection; null while it does not.</summary>
    public string? ClosedBecause { get; private set; }

    /// <summary>Whether a handler wants no more requests for now.</summary>
    public bool IsHeldBack { get; private set; }

    public PendingRequest Request(ApiKey key, short version) =>
        new(this, new RequestHeader((short)key, version, _correlationId++, "test"));

    /// <summary>Sends a request to a handler as bytes, so that it is read as from a client.</summary>
    public PendingRequest Send(RequestHandler handler, ApiKey key, short version, IMessage request)
    {
        using var writer = new WireWriter();
        request.Write(writer, version);
        var pending = Request(key, version);
        var reader = new WireReader(writer.Written.ToArray());
        handler.Handle(pending, ref reader);
        return pending;
    }

    public bool IsAnswered(PendingRequest pending) => _answers.ContainsKey(pending);

    public T Answer<T>(PendingRequest pending)
        where T : IMessage => (T)_answers[pending]!;

    public void HoldBack() => IsHeldBack = true;

    public void GoOn() => IsHeldBack = false;

    public void Complete(PendingRequest request, IMessage response) => _answers.Add(request, response);

    public void CompleteSilently(PendingRequest request) => _answers.Add(request, null);

    public void Listen(IConnectionListener listener) => _listeners.Add(listener);

    /// <summary>The client is gone.</summary>
    public void Close()
    {
        foreach (var listener in _listeners)
            listener.OnClosed(this);
    }

    public void CloseAfter(PendingRequest request, string reason)
    {
        _answers.Add(request, null);
        ClosedBecause = reason;
    }
}
