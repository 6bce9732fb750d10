using System.Buffers;
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
/// buffer.</para>
/// </remarks>
internal sealed class Connection : IConnection, IWatched
{
    private const int SizeBytes = 4;
    private const int FirstPartialBytes = 16 * 1024;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly Loop _loop;
    private readonly RequestDispatcher _dispatcher;
    private readonly ConnectionLimits _limits;
    private readonly Action<string> _log;
    private readonly RequestTrace? _trace;
    private readonly Queue<PendingRequest> _inFlight = new();
    private HashSet<IConnectionListener>? _listeners;
    private byte[]? _partial;
    private int _partialLength;
    private WireWriter? _out;
    private int _sent;
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

    private int UnsentBytes => _out is null ? 0 : _out.Length - _sent;

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
            Receive();
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
        if (_loop.IsCurrent)
            CompleteOnLoop(request, response);
        else
            _loop.Post(() => CompleteOnLoop(request, response));
    }

    public void CompleteSilently(PendingRequest request)
    {
        if (_loop.IsCurrent)
            CompleteOnLoop(request, null);
        else
            _loop.Post(() => CompleteOnLoop(request, null));
    }

    public void CloseAfter(PendingRequest request, string reason)
    {
        if (!_loop.IsCurrent)
        {
            _loop.Post(() => CloseAfter(request, reason));
            return;
        }

        End(reason);
        CompleteOnLoop(request, null);
    }

    public void Listen(IConnectionListener listener) => (_listeners ??= []).Add(listener);

    private void CompleteOnLoop(PendingRequest request, IMessage? response)
    {
        Invariant.That(!request.IsDone);
        request.IsDone = true;
        request.Response = response;
        if (!_isClosed && !_isHandling)
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
            else if (!TryEncode(next, next.Response, _out ??= _loop.RentWriter()))
                return;
        }
    }

    /// <summary>
    /// False, with the connection closed, when the response can't be written: its records can't be read from disk, or
    /// something in it does not fit its field.
    /// </summary>
    private bool TryEncode(PendingRequest request, IMessage response, WireWriter writer)
    {
        var start = writer.Length;
        try
        {
            _trace?.Answering(writer);
            writer.Int32(0);
            request.Header.WriteResponse(writer);
            response.Write(writer, request.Version);
            var size = writer.Length - start - SizeBytes;
            writer.PatchInt32(start, size);
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
        while (HandlePartial() || (UnsentBytes == 0 && _inFlight.TryPeek(out var next) && next.IsDone));

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

    private void Receive()
    {
        if (_isEnding)
            return;
        if (_partial is not null)
        {
            GrowPartial();
            _partialLength += ReceiveInto(_partial.AsSpan(_partialLength));
            return;
        }

        var received = ReceiveInto(_loop.ReceiveBuffer.Span);
        if (received == 0)
            return;
        var consumed = Handle(_loop.ReceiveBuffer[..received]);
        if (consumed < received && !_isClosed && !_isEnding)
            KeepPartial(_loop.ReceiveBuffer.Span[consumed..received]);
    }

    /// <summary>0 when nothing has come, or the client is gone, which closes.</summary>
    private int ReceiveInto(Span<byte> buffer)
    {
        var received = _socket.Receive(buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
            return 0;
        if (error == SocketError.Success && received > 0)
            return received;
        Close();
        return 0;
    }

    /// <summary>
    /// Handles what was held back, up to the limits; false when nothing came of it. Responses that are sent at once
    /// make room for more, and nothing else would ever bring the connection back to the frames that are left.
    /// </summary>
    private bool HandlePartial()
    {
        if (_isClosed || _isEnding || _partial is null || IsOverLimit)
            return false;
        var consumed = Handle(_partial.AsMemory(0, _partialLength));
        if (_partial is null || consumed == 0)
            return false;
        _partialLength -= consumed;
        _partial.AsSpan(consumed, _partialLength).CopyTo(_partial);
        if (_partialLength == 0)
            DropPartial();
        return true;
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
            request = new PendingRequest(this, RequestHeader.Read(ref reader));
            _trace?.Received(request, frame.Length);
            _inFlight.Enqueue(request);
            _dispatcher.Dispatch(request, ref reader);
        }
        catch (MalformedFrameException malformed)
        {
            if (request is null)
                End(malformed.Message);
            else
                CloseAfter(request, malformed.Message);
        }
        catch (Exception failure) when (failure is not InvariantBrokenException)
        {
            _log($"API {request?.Header.ApiKey} version {request?.Version} failed: {failure}");
            if (request is { IsDone: false })
                CloseAfter(request, "an internal failure");
        }
    }

    private void KeepPartial(ReadOnlySpan<byte> rest)
    {
        _partial = ArrayPool<byte>.Shared.Rent(Math.Max(FirstPartialBytes, rest.Length));
        rest.CopyTo(_partial);
        _partialLength = rest.Length;
    }

    /// <summary>Doubles the buffer when it is full, so that its size follows what the client has really sent.</summary>
    private void GrowPartial()
    {
        if (_partialLength < _partial!.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(_partial.Length * 2);
        _partial.AsSpan(0, _partialLength).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_partial);
        _partial = larger;
    }

    private void DropPartial()
    {
        if (_partial is not null)
            ArrayPool<byte>.Shared.Return(_partial);
        _partial = null;
        _partialLength = 0;
    }

    private void Send()
    {
        while (_out is not null)
        {
            var count = _socket.Send(_out.WrittenSpan[_sent..], SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
                return;
            if (error != SocketError.Success)
            {
                Close();
                return;
            }

            _sent += count;
            if (_sent < _out.Length)
                continue;
            _loop.ReturnWriter(_out);
            _out = null;
            _sent = 0;
        }
    }

    /// <summary>Reads no more; closes once the responses that are due have gone.</summary>
    private void End(string reason)
    {
        if (_isEnding || _isClosed)
            return;
        _isEnding = true;
        DropPartial();
        _log($"The connection of {ClientHost} is closed: {reason.TrimEnd('.')}.");
    }

    private void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _loop.Forget(_descriptor);
        _socket.Dispose();
        DropPartial();
        if (_out is not null)
            _loop.ReturnWriter(_out);
        _out = null;
        _inFlight.Clear();
        foreach (var listener in _listeners ?? [])
            listener.OnClosed(this);
    }

    private static string Plain(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
