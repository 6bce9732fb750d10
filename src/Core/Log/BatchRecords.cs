using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log;

/// <summary>The record section of a batch without compression: the batch's own bytes, or a pooled copy.</summary>
internal readonly ref struct BatchRecords
{
    private readonly PooledBuffer? _buffer;

    private BatchRecords(ReadOnlySpan<byte> bytes, PooledBuffer? buffer)
    {
        Bytes = bytes;
        _buffer = buffer;
    }

    public ReadOnlySpan<byte> Bytes { get; }

    public static DecompressResult Open(RecordBatch batch, int limit, out BatchRecords records)
    {
        if (batch.Compression == CompressionType.None)
        {
            records = new BatchRecords(batch.RecordBytes, null);
            return DecompressResult.Ok;
        }

        DecompressResult result =
            Codec.TryDecompress(batch.Compression, batch.RecordBytes, limit, out PooledBuffer? buffer);
        records = buffer is null ? default : new BatchRecords(buffer.Span, buffer);
        return result;
    }

    public void Dispose() => _buffer?.Dispose();
}
