using System.Net;
using System.Net.Sockets;
using Millrace.Broker.Requests;

namespace Millrace.Broker.Io;

/// <summary>The Kafka port: accepts connections and deals them out to the loops in turn.</summary>
internal sealed class Listener : IWatched, IDisposable
{
    private const int Backlog = 1024;

    private const int PauseMs = 100;

    private readonly Socket _socket;
    private readonly Action<string> _log;
    private Loop[] _loops = [];
    private RequestDispatcher? _dispatcher;
    private ConnectionLimits? _limits;
    private int _next;

    /// <summary>Takes the address; connections are refused until <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">The address can't be had.</exception>
    public Listener(IPEndPoint address, Action<string> log)
    {
        _log = log;
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            _socket.Bind(address);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Address = (IPEndPoint)_socket.LocalEndPoint!;
    }

    /// <summary>What the requests of its connections are told to; null for nothing.</summary>
    public RequestTrace? Trace { get; init; }

    /// <summary>Of the sockets of clients, in bytes; -1 leaves it to the system.</summary>
    public int SendBufferBytes { get; init; } = -1;

    public int ReceiveBufferBytes { get; init; } = -1;

    /// <summary>Where it listens, with the port that was given for 0.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Begins to accept connections; the first loop accepts for all.</summary>
    public void Start(Loop[] loops, RequestDispatcher dispatcher, ConnectionLimits limits)
    {
        _loops = loops;
        _dispatcher = dispatcher;
        _limits = limits;
        if (ReceiveBufferBytes >= 0)
            _socket.ReceiveBufferSize = ReceiveBufferBytes; // before the handshake, which bounds it
        if (SendBufferBytes >= 0)
            _socket.SendBufferSize = SendBufferBytes;
        _socket.Listen(Backlog);
        _loops[0].Post(() => _loops[0].Watch(Descriptor, this, Epoll.Readable));
    }

    public void OnReady(uint ready)
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = _socket.Accept();
            }
            catch (SocketException refused)
            {
                if (refused.SocketErrorCode != SocketError.WouldBlock)
                    Pause(refused.Message);
                return;
            }

            accepted.Blocking = false;
            accepted.NoDelay = true;
            var loop = _loops[_next++ % _loops.Length];
            loop.Post(() => Connection.Start(accepted, loop, _dispatcher!, _limits!, _log, Trace));
        }
    }

    public void Dispose()
    {
        if (_loops.Length == 0)
        {
            _socket.Dispose();
            return;
        }

        using var forgotten = new ManualResetEventSlim();
        _loops[0].Post(() =>
        {
            _loops[0].Forget(Descriptor);
            _socket.Dispose();
            forgotten.Set();
        });
        forgotten.Wait();
    }

    /// <summary>
    /// Lets a moment pass, most likely for want of file descriptors: the connection waits in the backlog.
    /// </summary>
    private void Pause(string reason)
    {
        _log($"A connection could not be accepted: {reason}. Raise the limit of open files (ulimit -n).");
        _loops[0].Change(Descriptor, 0);
        _loops[0].Schedule(
            _loops[0].Steady + PauseMs, () => _loops[0].Change(Descriptor, Epoll.Readable));
    }

    private int Descriptor => (int)_socket.Handle;
}
