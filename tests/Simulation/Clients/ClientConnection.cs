using Millrace.Broker;
using Millrace.Broker.Requests;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Simulation.Machine;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A connection to one life of the broker: frames take time and keep their order; responses go in the order of the
/// requests. When it is lost, nobody knows what became of the requests without an answer.
/// </summary>
internal sealed class ClientConnection : IConnection
{
    private const int SlowestFrame = 800; // microseconds

    private readonly World _world;
    private readonly SimBroker _broker;
    private readonly VirtualLoop _loop;
    private readonly Queue<PendingRequest> _inFlight = new();
    private readonly Dictionary<PendingRequest, Call> _calls = [];
    private readonly List<Call> _unanswered = [];
    private readonly List<IConnectionListener> _listeners = [];
    private long _lastToBroker;
    private long _lastToClient;
    private int _correlationId;
    private readonly Queue<Call> _heldBack = new();
    private bool _isHandling;
    private bool _isHeldBack;
    private bool _isEnding;

    public ClientConnection(World world, SimBroker broker, int number)
    {
        _world = world;
        _broker = broker;
        _loop = broker.LoopFor(number);
    }

    public bool IsClosed { get; private set; }

    public ILoop Loop => _loop;

    public string ClientHost => "/127.0.0.1";

    public int ClientPort => 40000;

    public ClientSoftware Software { get; set; } = ClientSoftware.Unknown;

    public string LocalHost => "127.0.0.1";

    public int LocalPort => 9092;

    /// <summary>The response, or null when the connection is lost before it comes.</summary>
    public Task<IMessage?> Send(ApiKey key, short version, IMessage request, Func<IMessage>? newResponse)
    {
        using var writer = new WireWriter();
        request.Write(writer, version);
        var call = new Call(
            request, new RequestHeader((short)key, version, _correlationId++, "simulated"), writer.Written.ToArray(),
            newResponse);
        if (newResponse is null)
            call.Answer.SetResult(null);
        else
            _unanswered.Add(call);
        _lastToBroker = Math.Max(_lastToBroker + 1, _world.Time.Microseconds + _world.Chance.Next(20, SlowestFrame));
        _world.Time.After(_lastToBroker - _world.Time.Microseconds, Lane.Connections, () =>
        {
            if (_broker.IsRunning)
                _loop.Post(() => Receive(call));
        });
        if (_world.LosesAConnection())
            _world.Time.After(_world.Chance.Next(1, 20_000), Lane.Nature, Close);
        return call.Answer.Task;
    }

    public void HoldBack() => _isHeldBack = true;

    public void GoOn()
    {
        _isHeldBack = false;
        while (!_isHeldBack && _heldBack.TryDequeue(out var call))
            Receive(call);
    }

    public void Complete(PendingRequest request, IMessage response)
    {
        if (_calls.TryGetValue(request, out var call))
            _world.Answering(call.Request, response);
        Finish(request, response);
    }

    public void CompleteSilently(PendingRequest request) => Finish(request, null);

    public void CloseAfter(PendingRequest request, string reason)
    {
        _world.Trace.Line($"broker closes a connection: {reason}");
        _isEnding = true;
        Finish(request, null);
    }

    public void Listen(IConnectionListener listener)
    {
        if (!_listeners.Contains(listener))
            _listeners.Add(listener);
    }

    /// <summary>Whoever waits for an answer hears that there will be none.</summary>
    public void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        var left = _inFlight.ToArray();
        _inFlight.Clear();
        foreach (var call in _unanswered.ToArray())
            _world.Time.After(_world.Chance.Next(1, SlowestFrame), Lane.Client, () => call.Answer.TrySetResult(null));
        _unanswered.Clear();
        if (!_broker.IsRunning)
            return;
        _loop.Post(() =>
        {
            foreach (var request in left.Where(request => !request.IsDone))
                request.Waiter?.Abandon();
            _listeners.ForEach(listener => listener.OnClosed(this));
        });
    }

    private void Receive(Call call)
    {
        if (IsClosed || _isEnding)
            return;
        if (_isHeldBack)
        {
            _heldBack.Enqueue(call);
            return;
        }

        var request = Recycled<PendingRequest>.Take();
        request.Begin(this, call.Header);
        _calls[request] = call;
        _inFlight.Enqueue(request);
        var reader = new WireReader(call.Body);
        _isHandling = true;
        try
        {
            _broker.Dispatcher!.Dispatch(request, ref reader);
        }
        catch (IOException failure) when (_world.Faults.HasFailed)
        {
            CloseAfter(request, failure.Message);
        }
        finally
        {
            _isHandling = false;
        }

        Settle();
    }

    private void Finish(PendingRequest request, IMessage? response)
    {
        if (!_loop.IsCurrent)
        {
            _loop.Post(() => Finish(request, response));
            return;
        }

        request.Response = response;
        request.IsDone = true;
        if (!_isHandling)
            Settle();
    }

    private void Settle()
    {
        while (!IsClosed && _inFlight.TryPeek(out var request) && request.IsDone)
        {
            _inFlight.Dequeue();
            _calls.Remove(request, out var call);
            if (request.Response is { } response)
                Deliver(call!, response);
            request.Recycle();
        }

        if (_isEnding && _inFlight.Count == 0)
            Close();
    }

    private void Deliver(Call call, IMessage response)
    {
        using var writer = new WireWriter();
        try
        {
            response.Write(writer, call.Header.ApiVersion);
        }
        catch (IOException failure)
        {
            _world.Trace.Line($"broker closes a connection: {failure.Message}");
            Close();
            return;
        }

        var body = writer.Written.ToArray();
        _lastToClient = Math.Max(_lastToClient + 1, _world.Time.Microseconds + _world.Chance.Next(20, SlowestFrame));
        _world.Time.After(_lastToClient - _world.Time.Microseconds, Lane.Client, () =>
        {
            if (!_unanswered.Remove(call))
                return;
            var answer = call.NewResponse!();
            var reader = new WireReader(body);
            answer.Read(ref reader, call.Header.ApiVersion);
            call.Answer.SetResult(answer);
        });
    }

    private sealed record Call(
        IMessage Request, RequestHeader Header, byte[] Body, Func<IMessage>? NewResponse)
    {
        public TaskCompletionSource<IMessage?> Answer { get; } = new();
    }
}
