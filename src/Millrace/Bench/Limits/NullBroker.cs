using System.Net;
using System.Net.Sockets;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Limits;

/// <summary>
/// A broker in this process that stores nothing: it counts what is produced and answers, and brings the same batches to
/// every fetch. What a generator or a client reaches against it is the most that it can reach against any broker here.
/// A thread a connection.
/// </summary>
internal sealed class NullBroker : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly NullLog _log;
    private readonly List<WireConnection> _connections = [];

    /// <param name="partitions">How many each topic has.</param>
    /// <param name="batch">What fetches bring; null for nothing.</param>
    public NullBroker(int partitions, byte[]? batch = null)
    {
        _listener.Start();
        Address = new BrokerAddress("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);
        _log = new NullLog(Address, partitions, batch);
        new Thread(Accept) { IsBackground = true, Name = "null-broker" }.Start();
    }

    public BrokerAddress Address { get; }

    public void Dispose()
    {
        _listener.Stop();
        lock (_connections)
            _connections.ForEach(connection => connection.Abort());
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var connection = WireConnection.Accepted(_listener.AcceptSocket());
                lock (_connections)
                    _connections.Add(connection);
                new Thread(() => Serve(connection)) { IsBackground = true, Name = "null-connection" }.Start();
            }
        }
        catch (SocketException)
        {
            // The listener was stopped.
        }
    }

    private void Serve(WireConnection connection)
    {
        using (connection)
        using (var replies = new NullReplies(_log))
        {
            try
            {
                while (true)
                {
                    do
                        replies.Add(connection.Receive());
                    while (connection.HasFrame);
                    connection.Send(replies.Take());
                }
            }
            catch (Exception closed) when (closed is BenchException or ObjectDisposedException)
            {
                // The client has gone, or the broker is disposed of.
            }
        }
    }
}
