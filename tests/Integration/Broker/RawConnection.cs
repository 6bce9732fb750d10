using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>A connection on which anything can be sent.</summary>
internal sealed class RawConnection : IDisposable
{
    private const int SizeBytes = 4;
    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    public static async Task<RawConnection> Open(int port, int? receiveBuffer = null)
    {
        using var deadline = ChildProcess.Deadline();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } bytes)
            socket.ReceiveBufferSize = bytes;
        await socket.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
        return new RawConnection(socket);
    }

    public static byte[] Frame(ReadOnlySpan<byte> content)
    {
        var frame = new byte[SizeBytes + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, content.Length);
        content.CopyTo(frame.AsSpan(SizeBytes));
        return frame;
    }

    public static byte[] Request(ApiKey key, short version, IMessage body) =>
        Request(key, version, writer => body.Write(writer, version));

    /// <summary>A whole frame with a good header.</summary>
    public static byte[] Request(ApiKey key, short version, Action<WireWriter> body)
    {
        using var writer = new WireWriter();
        new RequestHeader((short)key, version, CorrelationId: 7, "raw").Write(writer);
        body(writer);
        return Frame(writer.WrittenSpan);
    }

    /// <summary>False when the server has closed the connection.</summary>
    public async Task<bool> Send(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = ChildProcess.Deadline();
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes, deadline.Token)..];
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends what the socket takes at once.</summary>
    public void SendSome(ReadOnlySpan<byte> bytes)
    {
        _socket.Blocking = false;
        _socket.Send(bytes, SocketFlags.None, out _);
    }

    /// <summary>The next frame without its size; null when the server closes the connection instead.</summary>
    public async Task<byte[]?> Answer()
    {
        var size = await Receive(SizeBytes);
        return size is null ? null : await Receive(BinaryPrimitives.ReadInt32BigEndian(size));
    }

    /// <summary>Says that nothing more will be sent, and waits until the server has closed.</summary>
    public async Task End()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            return;
        }

        while (await Receive(1) is not null)
        {
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]?> Receive(int count)
    {
        using var deadline = ChildProcess.Deadline();
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            try
            {
                var received = await _socket.ReceiveAsync(bytes.AsMemory(at), deadline.Token);
                if (received == 0)
                    return null;
                at += received;
            }
            catch (SocketException)
            {
                return null;
            }
        }

        return bytes;
    }
}
