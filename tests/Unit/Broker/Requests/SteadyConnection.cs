using Millrace.Broker;
using Millrace.Broker.Requests;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Requests;

/// <summary>A connection that writes its answers and recycles, as the real one does, on one thread.</summary>
internal sealed class SteadyConnection(ILoop loop) : IConnection
{
    private readonly WireWriter _writer = new();
    private readonly StringCache _strings = new();
    private readonly byte[] _received = new byte[4096];

    public ILoop Loop => loop;

    public string ClientHost => "/127.0.0.1";

    public int ClientPort => 40000;

    public ClientSoftware Software { get; set; } = ClientSoftware.Unknown;

    public string LocalHost => "127.0.0.1";

    public int LocalPort => 9092;

    public int Answers { get; private set; }

    /// <summary>Bytes of the last answer.</summary>
    public int Sent => _writer.Length;

    /// <summary>A frame without its size.</summary>
    public byte[] Frame(ApiKey key, short version, IMessage request)
    {
        _writer.Clear();
        new RequestHeader((short)key, version, 1, "steady").Write(_writer);
        request.Write(_writer, version);
        return _writer.WrittenSpan.ToArray();
    }

    public void Receive(RequestHandler handler, byte[] frame)
    {
        frame.CopyTo(_received, 0); // the broker stamps offsets in place
        var reader = new WireReader(_received.AsMemory(0, frame.Length), _strings);
        var header = RequestHeader.Read(ref reader);
        var pending = Recycled<PendingRequest>.Take();
        pending.Begin(this, header);
        handler.Handle(pending, ref reader);
    }

    public void Complete(PendingRequest request, IMessage response)
    {
        _writer.Clear();
        response.Write(_writer, request.Version);
        CompleteSilently(request);
    }

    public void CompleteSilently(PendingRequest request)
    {
        Answers++;
        request.Recycle();
    }

    public void CloseAfter(PendingRequest request, string reason) => throw new InvalidOperationException(reason);

    public void HoldBack() => throw new InvalidOperationException("Nothing is to be held back here.");

    public void GoOn() => throw new InvalidOperationException("Nothing was held back.");

    public void Listen(IConnectionListener listener)
    {
        // It does not end.
    }
}
