using System.Buffers.Binary;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>
/// Fetches of one partition at a time over one connection, outside a session. A request is encoded once for a partition
/// and patched in place. Owned by one thread.
/// </summary>
internal sealed class FetchExchange : IDisposable
{
    private const int MaxWaitMs = 500;
    private const int CorrelationIdAt = 8; // behind size, API key and version
    private const long Placeholder = 0x5e1f_0ff5_e700_a11c; // stands for an offset until it is found and patched

    private readonly WireConnection _connection;
    private readonly TopicPartitions _topic;
    private readonly short _version;
    private readonly Dictionary<(int Partition, int MaxBytes), (byte[] Bytes, int OffsetAt)> _frames = [];
    private int _correlationId;

    public FetchExchange(BrokerAddress broker, TopicPartitions topic)
    {
        _topic = topic;
        _connection = WireConnection.Open(broker);
        _version = _connection.Version(ApiKey.Fetch);
    }

    /// <summary>The batches from an offset on, the last perhaps cut off; valid until the next call. Empty when nothing
    /// came in half a second.</summary>
    /// <exception cref="BenchException">The broker answered with an error.</exception>
    public ReadOnlySpan<byte> Fetch(int partition, long offset, int maxBytes)
    {
        if (!_frames.TryGetValue((partition, maxBytes), out var frame))
            _frames[(partition, maxBytes)] = frame = Encode(partition, maxBytes);
        BinaryPrimitives.WriteInt32BigEndian(frame.Bytes.AsSpan(CorrelationIdAt), ++_correlationId);
        BinaryPrimitives.WriteInt64BigEndian(frame.Bytes.AsSpan(frame.OffsetAt), offset);
        _connection.Send(frame.Bytes);
        var reply = FetchReply.Read(_connection.Receive(), _version);
        if (reply.CorrelationId != _correlationId)
            throw new BenchException($"{_connection.Address} answered another request than {_correlationId}.");
        return reply.Error == ErrorCode.None
            ? reply.Records.Span
            : throw new BenchException($"A fetch of {_topic.Name}-{partition} at {offset}: {reply.Error}.");
    }

    public void Dispose() => _connection.Dispose();

    private (byte[] Bytes, int OffsetAt) Encode(int partition, int maxBytes)
    {
        using var writer = new WireWriter();
        var header = new RequestHeader((short)ApiKey.Fetch, _version, 0, WireConnection.ClientId);
        WireConnection.Encode(writer, header, new FetchRequest
        {
            MaxWaitMs = MaxWaitMs,
            MinBytes = 1,
            MaxBytes = maxBytes,
            Topics =
            [
                new()
                {
                    Topic = _topic.Name,
                    TopicId = _topic.Id,
                    Partitions =
                    [
                        new() { Partition = partition, FetchOffset = Placeholder, PartitionMaxBytes = maxBytes },
                    ],
                },
            ],
        });
        var bytes = writer.WrittenSpan.ToArray();
        Span<byte> placeholder = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(placeholder, Placeholder);
        return (bytes, bytes.AsSpan().IndexOf(placeholder));
    }
}
