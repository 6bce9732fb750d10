using System.Net;
using System.Net.Sockets;
using Millrace.Broker.Requests;

namespace Millrace.Broker.Io;

/// <summary>The Kafka port: accepts connections and deals them out to the loops in turn.</summary>
internal sealed class Listener : IWatched, IDisposable
{
    private const int Backlog = 1024;

    private readonly Socket _socket;
    private readonly Loop[] _loops;
    private readonly RequestDispatcher _dispatcher;
    private readonly ConnectionLimits _limits;
    private readonly Action<string> _log;
    private int _next;

    /// <exception cref="SocketException">The address can't be had.</exception>
    public Listener(
        IPEndPoint address, Loop[] loops, RequestDispatcher dispatcher, ConnectionLimits limits, Action<string> log)
    {
        _loops = loops;
        _dispatcher = dispatcher;
        _limits = limits;
        _log = log;
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            _socket.Bind(address);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Address = (IPEndPoint)_socket.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that was given for 0.</summary>
    public IPEndPoint Address { get; }

    public void Start() => _loops[0].Post(() => _loops[0].Watch(Descriptor, this, Epoll.Readable));

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
                    _log($"A connection could not be accepted: {refused.Message}");
                return;
            }

            accepted.Blocking = false;
            accepted.NoDelay = true;
            var loop = _loops[_next++ % _loops.Length];
            loop.Post(() => Connection.Start(accepted, loop, _dispatcher, _limits, _log));
        }
    }

    public void Dispose()
    {
        using var forgotten = new ManualResetEventSlim();
        _loops[0].Post(() =>
        {
            _loops[0].Forget(Descriptor);
            _socket.Dispose();
            forgotten.Set();
        });
        forgotten.Wait();
    }

    private int Descriptor => (int)_socket.Handle;
}
