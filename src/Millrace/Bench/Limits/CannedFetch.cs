using System.Buffers.Binary;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Limits;

/// <summary>The response to fetches of the same partitions: encoded once, then only its offsets change.</summary>
internal sealed class CannedFetch
{
    private const long FarEnd = 1L << 40;

    private readonly byte[] _frame;
    private readonly RequestHeader _header;
    private readonly List<(string Topic, int Partition, int MaxBytes)> _asked;
    private readonly int _partitionBytes;
    private readonly int _batchBytes;
    private readonly int _batchRecords;
    private readonly List<int> _recordsAt = [];

    public CannedFetch(RequestHeader header, FetchRequest request, byte[] batch)
    {
        _header = header;
        _asked = Asked(request);
        RecordBatch.TryRead(batch, out var read);
        _batchBytes = batch.Length;
        _batchRecords = read.Count;
        var each = Math.Min(_asked[0].MaxBytes, Math.Max(1, request.MaxBytes / _asked.Count));
        var batches = Math.Max(1, each / batch.Length);
        _partitionBytes = batches * batch.Length;
        var records = new byte[_partitionBytes];
        for (var at = 0; at < records.Length; at += batch.Length)
            batch.CopyTo(records, at);

        using var writer = new WireWriter();
        writer.Int32(0);
        header.WriteResponse(writer);
        Response(request, records).Write(writer, header.ApiVersion);
        writer.PatchInt32(0, writer.Length - sizeof(int));
        _frame = writer.WrittenSpan.ToArray();
        var from = 0;
        foreach (var _ in _asked)
        {
            var at = from + _frame.AsSpan(from).IndexOf(records);
            _recordsAt.Add(at);
            from = at + records.Length;
        }
    }

    public bool Fits(RequestHeader header, FetchRequest request) =>
        header.ApiVersion == _header.ApiVersion && Asked(request).SequenceEqual(_asked);

    /// <summary>The frame, with base offsets from where the request wants to go on.</summary>
    public ReadOnlySpan<byte> Bytes(RequestHeader header, FetchRequest request)
    {
        BinaryPrimitives.WriteInt32BigEndian(_frame.AsSpan(sizeof(int)), header.CorrelationId);
        var place = 0;
        foreach (var partition in request.Topics.SelectMany(topic => topic.Partitions))
        {
            var records = _frame.AsSpan(_recordsAt[place++], _partitionBytes);
            var offset = partition.FetchOffset;
            for (var at = 0; at < records.Length; at += _batchBytes, offset += _batchRecords)
                RecordBatchHeader.SetBaseOffset(records[at..], offset);
        }

        return _frame;
    }

    private static List<(string Topic, int Partition, int MaxBytes)> Asked(FetchRequest request) =>
    [
        .. request.Topics.SelectMany(topic => topic.Partitions
            .Select(partition => (topic.Topic, partition.Partition, partition.PartitionMaxBytes))),
    ];

    private static FetchResponse Response(FetchRequest request, byte[] records) => new()
    {
        Responses =
        [
            .. request.Topics.Select(topic => new FetchResponse.FetchableTopicResponse
            {
                Topic = topic.Topic,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new FetchResponse.PartitionData
                    {
                        PartitionIndex = partition.Partition,
                        HighWatermark = FarEnd,
                        LastStableOffset = FarEnd,
                        LogStartOffset = 0,
                        Records = new RecordData(records),
                    }),
                ],
            }),
        ],
    };
}
