using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using HdrHistogram;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Limits;

/// <summary>What this machine's loopback gives to two threads of one process over one connection.</summary>
internal static class Loopback
{
    private const int SocketBuffer = 1 << 20;
    private const int PingBytes = 100;

    /// <summary>Bytes a second that one thread sends in pieces of the given size and another receives.</summary>
    public static double BytesPerSecond(int chunkBytes, TimeSpan duration)
    {
        var (sender, receiver) = Connect();
        using (sender)
        using (receiver)
        {
            var thread = new Thread(() =>
            {
                var chunk = new byte[chunkBytes];
                var began = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(began) < duration)
                    SendAll(sender, chunk);
                sender.Shutdown(SocketShutdown.Send);
            })
            { IsBackground = true };
            var began = Stopwatch.GetTimestamp();
            thread.Start();
            var total = 0L;
            var buffer = new byte[SocketBuffer];
            for (int read; (read = receiver.Receive(buffer)) > 0;)
                total += read;
            return total / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    /// <summary>Round trips of a hundred bytes, one after the other or so many a second.</summary>
    public static LatencyReport Ping(TimeSpan duration, int perSecond = 0)
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            var thread = new Thread(() => Echo(server)) { IsBackground = true };
            thread.Start();
            var histogram = LatencyReport.NewHistogram();
            var message = new byte[PingBytes];
            var pace = new Pace(perSecond == 0 ? 0 : Stopwatch.Frequency / perSecond);
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; Stopwatch.GetElapsedTime(began) < duration; i++)
            {
                pace.Wait(i);
                Exchange(client, message, histogram);
            }

            client.Shutdown(SocketShutdown.Send);
            thread.Join();
            return LatencyReport.Of(histogram)!;
        }
    }

    private static void Exchange(Socket client, byte[] message, LongHistogram histogram)
    {
        var sent = Stopwatch.GetTimestamp();
        SendAll(client, message);
        if (ReceiveAll(client, message))
            LatencyReport.Record(histogram, Stopwatch.GetElapsedTime(sent));
    }

    private static void Echo(Socket server)
    {
        var message = new byte[PingBytes];
        while (ReceiveAll(server, message))
            SendAll(server, message);
    }

    private static bool ReceiveAll(Socket socket, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var read = socket.Receive(bytes);
            if (read == 0)
                return false;
            bytes = bytes[read..];
        }

        return true;
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private static (Socket Connecting, Socket Accepted) Connect()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connecting = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true, SendBufferSize = SocketBuffer, ReceiveBufferSize = SocketBuffer,
        };
        connecting.Connect((IPEndPoint)listener.LocalEndpoint);
        var accepted = listener.AcceptSocket();
        accepted.NoDelay = true;
        accepted.SendBufferSize = accepted.ReceiveBufferSize = SocketBuffer;
        return (connecting, accepted);
    }
}
