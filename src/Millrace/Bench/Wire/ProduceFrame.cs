using System.Buffers.Binary;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>
/// A Produce request of one batch for one partition, encoded once and patched in place for each sending: its
/// correlation id, which nothing covers, and where wanted the producer's sequence or a value, with the CRC made anew.
/// </summary>
internal sealed class ProduceFrame
{
    private const int CorrelationIdAt = 8; // behind size, API key and version
    private const int RequestTimeoutMs = 30_000;

    private readonly byte[] _bytes;
    private readonly int _batchAt;
    private readonly int _batchLength;

    /// <param name="version">The version of Produce to speak.</param>
    /// <param name="topic">Where it goes.</param>
    /// <param name="partition">Which of its partitions.</param>
    /// <param name="acks">-1 for all.</param>
    /// <param name="batch">The batch, copied.</param>
    /// <param name="transactionalId">Null outside transactions.</param>
    public ProduceFrame(
        short version, TopicPartitions topic, int partition, short acks, byte[] batch, string? transactionalId = null)
    {
        Version = version;
        Partition = partition;
        var request = new ProduceRequest
        {
            TransactionalId = transactionalId,
            Acks = acks,
            TimeoutMs = RequestTimeoutMs,
            TopicData =
            [
                new()
                {
                    Name = topic.Name,
                    TopicId = topic.Id,
                    PartitionData = [new() { Index = partition, Records = new RecordData(batch) }],
                },
            ],
        };
        using var writer = new WireWriter();
        WireConnection.Encode(
            writer, new RequestHeader((short)ApiKey.Produce, version, 0, WireConnection.ClientId), request);
        _bytes = writer.WrittenSpan.ToArray();

        // Behind the records stand the empty tags of partition, topic and request.
        _batchLength = batch.Length;
        _batchAt = _bytes.Length - _batchLength - (IsFlexible(version) ? 3 : 0);
        RecordBatch.TryRead(batch, out var read);
        Records = read.Count;
    }

    public short Version { get; }

    public int Partition { get; }

    /// <summary>Records of the batch.</summary>
    public int Records { get; }

    /// <summary>Size of the batch, which is what counts as throughput.</summary>
    public int BatchBytes => _batchLength;

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The batch as it is sent.</summary>
    public Span<byte> Batch => _bytes.AsSpan(_batchAt, _batchLength);

    public void SetCorrelationId(int id) =>
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(CorrelationIdAt), id);

    public void SetProducer(long id, short epoch, int baseSequence) =>
        RecordBatchHeader.SetProducer(Batch, id, epoch, baseSequence);

    /// <summary>Sets the first eight bytes of the last record's value, in a batch without compression.</summary>
    /// <param name="valueBytes">The size of that value.</param>
    /// <param name="number">What the bytes become.</param>
    public void SetLastValue(int valueBytes, long number)
    {
        const int headerCountBytes = 1;
        BinaryPrimitives.WriteInt64BigEndian(Batch[^(valueBytes + headerCountBytes)..], number);
        RecordBatchHeader.UpdateCrc(Batch);
    }

    private static bool IsFlexible(short version) => Apis.Find((short)ApiKey.Produce)!.Value.IsFlexible(version);
}
