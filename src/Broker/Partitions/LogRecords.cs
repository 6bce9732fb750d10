using System.Buffers;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Broker.Partitions;

/// <summary>The keys and values of a log from its start to its end, as those who replay it want them.</summary>
internal static class LogRecords
{
    private const int ChunkBytes = 1 << 20;
    private const int MostDecompressedBytes = 1 << 28;

    /// <summary>Calls <paramref name="replay"/> for every data record; control records are passed over.</summary>
    /// <exception cref="IOException">The log can't be read, or a batch in it is not sound.</exception>
    public static void Replay(PartitionLog log, Action<Memory<byte>?, Memory<byte>?> replay)
    {
        var offset = log.LogStartOffset;
        while (offset < log.LogEndOffset)
        {
            var slice = log.Read(offset, ChunkBytes, log.LogEndOffset, atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.Length == 0)
                throw new IOException($"{log.Partition} can't be read at offset {offset}: {slice.Error}.");
            var from = offset;
            var chunk = ArrayPool<byte>.Shared.Rent(slice.Length);
            slice.CopyTo(chunk.AsSpan(0, slice.Length));
            foreach (var batch in RecordBatch.Enumerate(chunk.AsSpan(0, slice.Length)))
            {
                if (batch.LastOffset >= offset.Value && !batch.IsControl)
                    Replay(log.Partition, batch, replay);
                offset = new Offset(batch.LastOffset + 1);
            }

            ArrayPool<byte>.Shared.Return(chunk);
            if (offset <= from)
                throw new IOException($"{log.Partition} is damaged at offset {from}: no batch goes on from there.");
        }
    }

    private static void Replay(
        TopicPartition partition, RecordBatch batch, Action<Memory<byte>?, Memory<byte>?> replay)
    {
        if (Codec.TryDecompress(batch.Compression, batch.RecordBytes, MostDecompressedBytes, out var content)
            != DecompressResult.Ok)
            throw new IOException($"{partition} can't be decompressed at offset {batch.BaseOffset}.");
        using (content)
        {
            foreach (var record in batch.Records(content!.Span))
            {
                replay(
                    record.HasKey ? record.Key.ToArray() : null,
                    record.HasValue ? record.Value.ToArray() : null);
            }
        }
    }
}
