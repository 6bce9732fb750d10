using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>Fetches of one partition at a time over one connection, outside a session. Owned by one thread.</summary>
internal sealed class FetchExchange : IDisposable
{
    private const int MaxWaitMs = 500;

    private readonly WireConnection _connection;
    private readonly TopicPartitions _topic;
    private readonly WireWriter _writer = new();
    private readonly short _version;
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
        var header = new RequestHeader((short)ApiKey.Fetch, _version, ++_correlationId, WireConnection.ClientId);
        WireConnection.Encode(_writer, header, new FetchRequest
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
                    Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = maxBytes }],
                },
            ],
        });
        _connection.Send(_writer.WrittenSpan);
        var reader = new WireReader(_connection.Receive());
        if (reader.Int32() != _correlationId)
            throw new BenchException($"{_connection.Address} answered another request than {_correlationId}.");
        if (Apis.Find((short)ApiKey.Fetch)!.Value.IsFlexible(_version))
            reader.SkipTags();
        var answer = reader.Struct<FetchResponse>(_version);
        var data = answer.Responses.FirstOrDefault()?.Partitions.FirstOrDefault();
        var error = answer.ErrorCode != ErrorCode.None ? answer.ErrorCode : data?.ErrorCode;
        return error is ErrorCode.None
            ? data!.Records.Bytes.Span
            : throw new BenchException($"A fetch of {_topic.Name}-{partition} at {offset}: {error}.");
    }

    public void Dispose()
    {
        _connection.Dispose();
        _writer.Dispose();
    }
}
