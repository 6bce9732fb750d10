using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>
/// A blocking connection to one broker: whole frames out, whole frames in, in the order of the requests. Owned by one
/// thread; in the open loop one thread sends while another receives, which share nothing but the socket.
/// </summary>
internal sealed class WireConnection : IDisposable
{
    public const string ClientId = "millrace-bench";

    private const int SizeBytes = 4;
    private const int LargestFrame = 256 << 20;
    private const int SocketBuffer = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly WireWriter _request = new();
    private readonly Dictionary<short, (short Lowest, short Highest)> _versions = [];
    private byte[] _received = new byte[4096];
    private int _start;
    private int _end;
    private int _correlationId;

    private WireConnection(Socket socket, BrokerAddress address)
    {
        _socket = socket;
        Address = address;
    }

    public BrokerAddress Address { get; }

    /// <summary>A whole frame is here: <see cref="Receive"/> returns without waiting.</summary>
    public bool HasFrame =>
        _end - _start >= SizeBytes && _end - _start - SizeBytes >= FrameLength(_received.AsSpan(_start));

    /// <summary>Connects and learns which versions the broker speaks.</summary>
    /// <exception cref="BenchException">Nobody answers there, or no Kafka broker.</exception>
    public static WireConnection Open(BrokerAddress address)
    {
        var connection = OpenSilently(address);
        try
        {
            connection.LearnVersions();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Connects and says nothing.</summary>
    public static WireConnection OpenSilently(BrokerAddress address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendBufferSize = SocketBuffer,
            ReceiveBufferSize = SocketBuffer,
            SendTimeout = (int)Patience.TotalMilliseconds,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            if (IPAddress.TryParse(address.Host, out var ip))
                socket.Connect(ip, address.Port);
            else
                socket.Connect(address.Host, address.Port);
            return new WireConnection(socket, address);
        }
        catch (SocketException unreachable)
        {
            socket.Dispose();
            throw new BenchException(
                $"No broker answers at {address}: {unreachable.Message}. Is a broker there? Give --bootstrap.",
                unreachable);
        }
    }

    /// <summary>The other end: over a socket that was accepted.</summary>
    public static WireConnection Accepted(Socket socket)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = socket.ReceiveBufferSize = SocketBuffer;
        var peer = (IPEndPoint)socket.RemoteEndPoint!;
        return new WireConnection(socket, new BrokerAddress(peer.Address.ToString(), peer.Port));
    }

    /// <summary>The highest version of an API that both sides speak, at most <paramref name="highest"/>.</summary>
    /// <exception cref="BenchException">There is none.</exception>
    public short Version(ApiKey key, short highest = short.MaxValue)
    {
        var ours = Apis.Find((short)key)!.Value;
        var (lowest, theirs) = _versions.GetValueOrDefault((short)key, ((short)0, (short)-1));
        var version = Math.Min(Math.Min(ours.Highest, theirs), highest);
        return version >= Math.Max(ours.Lowest, lowest)
            ? version
            : throw new BenchException($"The broker at {Address} speaks no version of {key} that this program does.");
    }

    /// <summary>One request and its response.</summary>
    public TResponse Call<TResponse>(ApiKey key, IMessage request, short highest = short.MaxValue)
        where TResponse : IMessage, new()
    {
        var version = Version(key, highest);
        return CallIn<TResponse>(key, version, request);
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            while (!frame.IsEmpty)
                frame = frame[_socket.Send(frame)..];
        }
        catch (SocketException broken)
        {
            throw Lost(broken);
        }
    }

    /// <summary>Waits for the next frame, without its size; valid until the next call.</summary>
    public Memory<byte> Receive()
    {
        Fill(SizeBytes);
        var length = FrameLength(_received.AsSpan(_start));
        if (length is < SizeBytes or > LargestFrame)
            throw new BenchException($"The broker at {Address} sent a frame of {length} bytes.");
        Fill(SizeBytes + length);
        var frame = _received.AsMemory(_start + SizeBytes, length);
        _start += SizeBytes + length;
        return frame;
    }

    /// <summary>True when something came within the time.</summary>
    public bool WaitForData(TimeSpan time) => HasFrame || _socket.Poll(time, SelectMode.SelectRead);

    /// <summary>Ends what another thread waits for on this connection.</summary>
    public void Abort() => _socket.Close();

    public void Dispose()
    {
        _socket.Dispose();
        _request.Dispose();
    }

    /// <summary>A whole frame with its size before it.</summary>
    public static void Encode(WireWriter writer, RequestHeader header, IMessage request)
    {
        writer.Clear();
        writer.Int32(0);
        header.Write(writer);
        request.Write(writer, header.ApiVersion);
        writer.PatchInt32(0, writer.Length - SizeBytes);
    }

    private static int FrameLength(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32BigEndian(frame);

    private TResponse CallIn<TResponse>(ApiKey key, short version, IMessage request)
        where TResponse : IMessage, new()
    {
        var header = new RequestHeader((short)key, version, ++_correlationId, ClientId);
        Encode(_request, header, request);
        Send(_request.WrittenSpan);
        var reader = new WireReader(Receive());
        if (reader.Int32() != header.CorrelationId)
            throw new BenchException($"The broker at {Address} answered another request than {key}.");
        if (key != ApiKey.ApiVersions && Apis.Find((short)key)!.Value.IsFlexible(version))
            reader.SkipTags();
        return reader.Struct<TResponse>(version);
    }

    private void LearnVersions()
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = ClientId, ClientSoftwareVersion = "1" };
        var answer = CallIn<ApiVersionsResponse>(ApiKey.ApiVersions, 3, request);
        if (answer.ErrorCode != ErrorCode.None)
            throw new BenchException($"The broker at {Address} answered {answer.ErrorCode} to ApiVersions.");
        foreach (var api in answer.ApiKeys)
            _versions[api.ApiKey] = (api.MinVersion, api.MaxVersion);
    }

    /// <summary>Receives until so many bytes are here; moves a rest to the front when there is no room behind it.
    /// </summary>
    private void Fill(int count)
    {
        if (_start == _end)
            _start = _end = 0;
        if (_start + count > _received.Length)
        {
            var target = count > _received.Length ? new byte[Math.Max(count, 2 * _received.Length)] : _received;
            Buffer.BlockCopy(_received, _start, target, 0, _end - _start);
            _end -= _start;
            _start = 0;
            _received = target;
        }

        while (_end - _start < count)
        {
            int read;
            try
            {
                read = _socket.Receive(_received.AsSpan(_end));
            }
            catch (SocketException broken)
            {
                throw Lost(broken);
            }

            if (read == 0)
                throw new BenchException($"The broker at {Address} closed the connection.");
            _end += read;
        }
    }

    private BenchException Lost(SocketException broken) => new(
        broken.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock
            ? $"The broker at {Address} has not answered for {Patience.TotalSeconds:0} s."
            : $"The connection to the broker at {Address} is lost: {broken.Message}.",
        broken);
}
