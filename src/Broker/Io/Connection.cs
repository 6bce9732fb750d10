using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Millrace.Broker.Requests;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>What one connection may take.</summary>
/// <param name="RequestBytes">Largest frame: <c>socket.request.max.bytes</c>.</param>
/// <param name="InFlight">Requests without a response, after which nothing more is read.</param>
/// <param name="UnsentBytes">Response bytes that the client has not taken, after which nothing more is read.</param>
internal sealed record ConnectionLimits(int RequestBytes, int InFlight, int UnsentBytes);

/// <summary>
/// One client: cuts its bytes into frames, hands each to the dispatcher, and sends the responses in the order of the
/// requests.
/// </summary>
/// <remarks>
/// <para>Owned by its loop. 1. Everything but <see cref="Complete"/>, <see cref="CompleteSilently"/> and
/// <see cref="CloseAfter"/> runs on the loop. 2. Responses leave in the order in which the requests came. 3. A frame
/// is not parsed while the client leaves more than the limits unanswered or unread, or a handler holds it back. 4.
/// Memory for a frame grows with the bytes that have come, never by the announced size. 5. An idle connection holds no
/// buffer. 6. What a handler used is recycled when its answer is written, on the loop.</para>
/// </remarks>
internal sealed class Connection : IConnection, IWatched
{
    private const int SizeBytes = 4;

    /// <summary>From here on a frame is received into memory of its own, and little of the next with it.</summary>
    private const int LargeFrameBytes = Io.Loop.ReceiveBytes;
    private const int BytesBehindLargeFrame = 16 * 1024;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly Loop _loop;
    private readonly RequestDispatcher _dispatcher;
    private readonly ConnectionLimits _limits;
    private readonly Action<string> _log;
    private readonly RequestTrace? _trace;
    private readonly Queue<PendingRequest> _inFlight = new();
    private HashSet<IConnectionListener>? _listeners;
    private ReceiveBuffer? _in;
    private bool _isInLarge;
    private Outgoing? _out;
    private uint _interest = Epoll.Readable;
    private bool _isHandling;
    private bool _isHeldBack;
    private bool _isEnding;
    private bool _isClosed;

    private Connection(
        Socket socket, Loop loop, RequestDispatcher dispatcher, ConnectionLimits limits, Action<string> log,
        RequestTrace? trace)
    {
        _socket = socket;
        _descriptor = (int)socket.Handle;
        _loop = loop;
        _dispatcher = dispatcher;
        _limits = limits;
        _log = log;
        _trace = trace;
        var local = (IPEndPoint)socket.LocalEndPoint!;
        LocalHost = Plain(local.Address);
        LocalPort = local.Port;
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        ClientHost = "/" + Plain(remote.Address);
        ClientPort = remote.Port;
    }

    public ILoop Loop => _loop;

    public string ClientHost { get; }

    public int ClientPort { get; }

    public ClientSoftware Software { get; set; } = ClientSoftware.Unknown;

    public string LocalHost { get; }

    public int LocalPort { get; }

    private long UnsentBytes => _out?.Unsent ?? 0;

    private bool IsOverLimit =>
        _isHeldBack || _inFlight.Count >= _limits.InFlight || UnsentBytes >= _limits.UnsentBytes;

    /// <summary>Begins to serve an accepted socket. On the loop.</summary>
    public static void Start(
        Socket socket, Loop loop, RequestDispatcher dispatcher, ConnectionLimits limits, Action<string> log,
        RequestTrace? trace)
    {
        try
        {
            var connection = new Connection(socket, loop, dispatcher, limits, log, trace);
            loop.Watch(connection._descriptor, connection, Epoll.Readable);
        }
        catch (SocketException)
        {
            // The client is gone before its first byte: there is nobody to tell.
            socket.Dispose();
        }
    }

    public void OnReady(uint ready)
    {
        if ((ready & Epoll.Writable) != 0)
            Send();
        if (_isEnding && (ready & Epoll.Gone) != 0)
            Close();
        if (!_isClosed && (ready & ~Epoll.Writable) != 0)
            Receive(isGone: (ready & Epoll.Gone) != 0);
        Settle();
    }

    public void HoldBack() => _isHeldBack = true;

    public void GoOn()
    {
        _isHeldBack = false;
        Settle();
    }

    public void Complete(PendingRequest request, IMessage response)
    {
        request.Response = response;
        CompleteSilently(request);
    }

    public void CompleteSilently(PendingRequest request)
    {
        if (_loop.IsCurrent)
            CompleteOnLoop(request);
        else
            _loop.Post(request.Continuation ??= () => ((Connection)request.Connection).CompleteOnLoop(request));
    }

    public void CloseAfter(PendingRequest request, string reason)
    {
        if (!_loop.IsCurrent)
        {
            _loop.Post(() => CloseAfter(request, reason));
            return;
        }

        End(reason);
        CompleteOnLoop(request);
    }

    public void Listen(IConnectionListener listener) => (_listeners ??= []).Add(listener);

    private void CompleteOnLoop(PendingRequest request)
    {
        Invariant.That(!request.IsDone);
        request.IsDone = true;
        if (_isClosed)
            request.Recycle();
        else if (!_isHandling)
            Settle();
    }

    /// <summary>
    /// Writes the responses that are next in order, as long as the client takes them: one that waits holds no bytes of
    /// the records it will carry.
    /// </summary>
    private void WriteResponses()
    {
        while (!_isClosed && UnsentBytes < _limits.UnsentBytes && _inFlight.TryPeek(out var next) && next.IsDone)
        {
            _inFlight.Dequeue();
            if (next.Response is null)
                _trace?.Answered(next, 0, null);
            else if (!TryEncode(next, next.Response))
                return;
            next.Recycle();
        }
    }

    /// <summary>
    /// False, with the connection closed, when the response can't be written: its records can't be read from disk, or
    /// something in it does not fit its field.
    /// </summary>
    private bool TryEncode(PendingRequest request, IMessage response)
    {
        _out ??= _loop.RentOutgoing();
        var writer = _out.BeginFrame();
        try
        {
            _trace?.Answering(writer);
            request.Header.WriteResponse(writer);
            response.Write(writer, request.Version);
            var size = _out.EndFrame();
            _trace?.Answered(request, size, writer);
            return true;
        }
        catch (Exception failure) when (failure is not InvariantBrokenException)
        {
            _log($"A response to {ClientHost}, API {request.Header.ApiKey}, can't be written: {failure.Message}");
            Close();
            return false;
        }
    }

    /// <summary>Sends what can be sent, goes on with frames that were held back, and closes when all is said.</summary>
    private void Settle()
    {
        if (_isClosed || _isHandling)
            return;
        do
        {
            WriteResponses();
            Send();
        }
        while ((_in is not null && HandleKept(_in))
            || (UnsentBytes == 0 && _inFlight.TryPeek(out var next) && next.IsDone));

        if (_isClosed)
            return;
        if (_isEnding && _inFlight.Count == 0 && _out is null)
        {
            Close();
            return;
        }

        var interest = (_isEnding || IsOverLimit ? 0 : Epoll.Readable) | (_out is null ? 0 : Epoll.Writable);
        if (interest != _interest)
            _loop.Change(_descriptor, _interest = interest);
    }

    private void Receive(bool isGone)
    {
        if (_isEnding)
            return;
        if (IsOverLimit)
        {
            if (isGone)
                Close();
        }
        else if (_in is null)
        {
            ReceiveFirst();
        }
        else
        {
            ReceiveMore(_in);
        }
    }

    private void ReceiveFirst()
    {
        var buffer = _isInLarge ? _loop.ReceiveBuffer[..BytesBehindLargeFrame] : _loop.ReceiveBuffer;
        var received = Received(Sockets.Receive(_descriptor, buffer.Span));
        if (received < buffer.Length)
            _isInLarge = false;
        if (received > 0)
            HandleShared(buffer[..received]);
    }

    /// <summary>The rest of a frame goes behind what is there of it, what follows into the loop's buffer.</summary>
    private void ReceiveMore(ReceiveBuffer buffer)
    {
        var frameBytes = FrameBytes(buffer.Received.Span);
        if (buffer.Start + frameBytes > buffer.Capacity)
            buffer = _in = _loop.ReceiveBuffers.Move(buffer, frameBytes);
        _isInLarge = frameBytes >= LargeFrameBytes;
        var room = buffer.Room(Math.Max(buffer.Start + frameBytes, buffer.End));
        var shared = _isInLarge ? _loop.ReceiveBuffer[..BytesBehindLargeFrame] : _loop.ReceiveBuffer;
        var received = Received(Sockets.Receive(_descriptor, room, shared.Span));
        if (received == 0)
            return;
        buffer.End += Math.Min(received, room.Length);
        HandleKept(buffer);
        if (received <= room.Length || _isClosed || _isEnding)
            return;
        shared = shared[..(received - room.Length)];
        if (_in is null)
        {
            HandleShared(shared);
            return;
        }

        _in = _loop.ReceiveBuffers.Move(buffer, buffer.Count + shared.Length);
        _in.Append(shared.Span);
    }

    /// <summary>0 when nothing has come, or the client is gone, which closes.</summary>
    private int Received(int count)
    {
        if (count > 0)
            return count;
        if (count != Sockets.WouldBlock)
            Close();
        return 0;
    }

    /// <summary>Handles bytes in the loop's buffer; what must wait is moved to one of the connection's own.</summary>
    private void HandleShared(Memory<byte> bytes)
    {
        var rest = bytes.Span[Handle(bytes)..];
        if (rest.IsEmpty || _isClosed || _isEnding)
            return;
        _in = _loop.ReceiveBuffers.Rent(Math.Max(rest.Length, FrameBytes(rest)));
        _in.Append(rest);
    }

    /// <summary>
    /// Handles what was kept, up to the limits; false when nothing came of it. Responses that are sent at once make
    /// room for more, and nothing else would ever bring the connection back to the frames that are left.
    /// </summary>
    private bool HandleKept(ReceiveBuffer buffer)
    {
        if (_isClosed || _isEnding || IsOverLimit)
            return false;
        var consumed = Handle(buffer.Received);
        buffer.Start += consumed;
        if (buffer.Count == 0 || _isClosed || _isEnding)
            DropReceived();
        return consumed > 0;
    }

    /// <summary>
    /// What the first frame takes with its size, as far as the size is known and allowed; else what the size takes.
    /// </summary>
    private int FrameBytes(ReadOnlySpan<byte> bytes)
    {
        var size = bytes.Length < SizeBytes ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes);
        var isAllowed = size > 0 && size <= _limits.RequestBytes;
        return isAllowed ? (int)Math.Min((long)size + SizeBytes, int.MaxValue) : SizeBytes;
    }

    /// <summary>
    /// Handles the whole frames at the start of <paramref name="bytes"/>; the count of bytes they took.
    /// </summary>
    private int Handle(Memory<byte> bytes)
    {
        var consumed = 0;
        _isHandling = true;
        while (!_isClosed && !_isEnding && bytes.Length - consumed >= SizeBytes && !IsOverLimit)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(bytes.Span[consumed..]);
            if (size <= 0 || size > _limits.RequestBytes)
            {
                End($"a frame of {size} bytes; at most {_limits.RequestBytes} are allowed");
                break;
            }

            if (bytes.Length - consumed - SizeBytes < size)
                break;
            HandleFrame(bytes.Slice(consumed + SizeBytes, size));
            consumed += SizeBytes + size;
        }

        _isHandling = false;
        return consumed;
    }

    private void HandleFrame(Memory<byte> frame)
    {
        PendingRequest? request = null;
        try
        {
            var reader = new WireReader(frame, _loop.Strings, WireReader.ElementsOfRequest(frame.Length));
            var header = RequestHeader.Read(ref reader);
            request = Recycled<PendingRequest>.Take();
            request.Begin(this, header);
            _trace?.Received(request, frame.Length);
            _inFlight.Enqueue(request);
            _dispatcher.Dispatch(request, ref reader);
        }
        catch (MalformedFrameException malformed)
        {
            if (request is null)
                End(malformed.Message);
            else if (!_isClosed)
                CloseAfter(request, malformed.Message);
        }
        catch (Exception failure) when (failure is not InvariantBrokenException)
        {
            _log($"API {request?.Header.ApiKey} version {request?.Version} failed: {failure}");
            if (request is { IsDone: false } && !_isClosed)
                CloseAfter(request, "an internal failure");
        }
    }

    private void DropReceived()
    {
        if (_in is not null)
            _loop.ReceiveBuffers.Return(_in);
        _in = null;
    }

    private void Send()
    {
        if (_out is null)
            return;
        var outcome = _out.Send(_descriptor);
        if (outcome == Sockets.Failed)
            Close();
        else if (outcome == 0)
            DropOutgoing();
    }

    private void DropOutgoing()
    {
        if (_out is not null)
            _loop.ReturnOutgoing(_out);
        _out = null;
    }

    /// <summary>Reads no more; closes once the responses that are due have gone.</summary>
    private void End(string reason)
    {
        if (_isEnding || _isClosed)
            return;
        _isEnding = true;
        if (!_isHandling)
            DropReceived(); // else when the handler has done with the frame
        _log($"The connection of {ClientHost} is closed: {reason.TrimEnd('.')}.");
    }

    private void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _loop.Forget(_descriptor);
        _socket.Dispose();
        if (!_isHandling)
            DropReceived();
        DropOutgoing();
        foreach (var request in _inFlight)
            request.Waiter?.Abandon();
        _inFlight.Clear();
        foreach (var listener in _listeners ?? [])
            listener.OnClosed(this);
    }

    private static string Plain(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
