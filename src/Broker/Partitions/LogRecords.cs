using System.Buffers;
using System.Buffers.Binary;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>What a batch says of all its records.</summary>
internal readonly record struct BatchFacts(long ProducerId, short ProducerEpoch, bool IsTransactional);

/// <summary>A record of a log; its bytes are there until whoever gets it returns.</summary>
internal readonly record struct LogRecord(
    Offset Offset, ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value, BatchFacts Batch);

/// <summary>The marker that ends a producer's transaction in a partition.</summary>
internal readonly record struct EndMarker(Offset Offset, BatchFacts Batch, bool IsCommit, int CoordinatorEpoch);

/// <summary>The records of a log from its start to its end, as those who replay it want them.</summary>
/// <remarks>
/// Nothing is allocated for a record: it is seen in the chunk that was read or decompressed. What can't be read ends
/// the replay with the partition and the offset; nobody is to go on with a part of it.
/// </remarks>
internal static class LogRecords
{
    private const int ChunkBytes = 1 << 20;
    private const int MostDecompressedBytes = 1 << 28;
    private const short Abort = 0;
    private const short Commit = 1;

    /// <summary>Calls <paramref name="replay"/> for every data record, with copies of its bytes.</summary>
    /// <exception cref="IOException">The log can't be read, or a batch in it is not sound.</exception>
    public static void Replay(PartitionLog log, Action<Memory<byte>?, Memory<byte>?> replay) =>
        Replay(log, record => replay(Copy(record.Key), Copy(record.Value)), _ => { });

    /// <summary>Calls back for every data record and every end of a transaction, in the order of the log.</summary>
    /// <exception cref="IOException">The log can't be read, or a batch or record in it is not sound.</exception>
    public static void Replay(PartitionLog log, Action<LogRecord> onRecord, Action<EndMarker> onMarker)
    {
        var replay = new LogReplay(log.Partition, onRecord, onMarker);
        var offset = log.LogStartOffset;
        while (offset < log.LogEndOffset)
        {
            var slice = log.Read(offset, ChunkBytes, log.LogEndOffset, atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.Length == 0)
                throw new IOException($"{log.Partition} can't be read at offset {offset}: {slice.Error}.");
            var from = offset;
            var chunk = ArrayPool<byte>.Shared.Rent(slice.Length);
            try
            {
                slice.CopyTo(chunk.AsSpan(0, slice.Length));
                offset = replay.Chunk(chunk.AsMemory(0, slice.Length), from);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(chunk);
            }

            if (offset <= from)
                throw new IOException($"{log.Partition} is damaged at offset {from}: no batch goes on from there.");
        }
    }

    private static Memory<byte>? Copy(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? present.ToArray() : default(Memory<byte>?);

    private readonly struct LogReplay(
        TopicPartition partition, Action<LogRecord> onRecord, Action<EndMarker> onMarker)
    {
        /// <summary>Replays whole batches from an offset on, and says where the next begins.</summary>
        public Offset Chunk(ReadOnlyMemory<byte> chunk, Offset from)
        {
            foreach (var batch in RecordBatch.Enumerate(chunk.Span))
            {
                if (!batch.IsCrcValid)
                    throw new IOException($"{partition} is damaged at offset {batch.BaseOffset}: the CRC is wrong.");
                if (batch.LastOffset >= from.Value)
                    Batch(batch, chunk, from);
                from = new Offset(batch.LastOffset + 1);
            }

            return from;
        }

        private void Batch(RecordBatch batch, ReadOnlyMemory<byte> chunk, Offset from)
        {
            if (batch.Compression == CompressionType.None)
            {
                Records(batch, Part(chunk, batch.RecordBytes), from);
                return;
            }

            var result = Codec.TryDecompress(
                batch.Compression, batch.RecordBytes, MostDecompressedBytes, out var content);
            if (result != DecompressResult.Ok)
                throw new IOException($"{partition} can't be decompressed at offset {batch.BaseOffset}: {result}.");
            using (content)
                Records(batch, content!.Memory, from);
        }

        private void Records(scoped in RecordBatch batch, ReadOnlyMemory<byte> content, Offset from)
        {
            var facts = new BatchFacts(batch.ProducerId, batch.ProducerEpoch, batch.IsTransactional);
            var records = batch.Records(content.Span);
            while (records.MoveNext())
            {
                ref readonly var record = ref records.Current;
                var offset = new Offset(record.Offset);
                if (offset < from)
                    continue;
                try
                {
                    if (batch.IsControl)
                        Control(record, facts);
                    else
                        onRecord(new LogRecord(
                            offset,
                            record.HasKey ? Part(content, record.Key) : default(ReadOnlyMemory<byte>?),
                            record.HasValue ? Part(content, record.Value) : default(ReadOnlyMemory<byte>?),
                            facts));
                }
                catch (MalformedFrameException malformed)
                {
                    throw new IOException(
                        $"{partition} has a record at offset {offset} that can't be read: {malformed.Message}",
                        malformed);
                }
            }

            if (records.Error is { } error)
                throw new IOException($"{partition} is damaged at offset {batch.BaseOffset}: {error}");
        }

        /// <summary>Key and value begin with their versions; higher ones may only add to what is read here.</summary>
        private void Control(scoped in Record record, BatchFacts facts)
        {
            const int KeyBytes = 4, ValueBytes = 6;
            if (record.Key.Length < KeyBytes)
                throw new MalformedFrameException("The key of a control record is too short.");
            var type = BinaryPrimitives.ReadInt16BigEndian(record.Key[2..]);
            if (type is not (Abort or Commit))
                return;
            if (record.Value.Length < ValueBytes)
                throw new MalformedFrameException("The value of a transaction marker is too short.");
            onMarker(new EndMarker(
                new Offset(record.Offset), facts, type == Commit,
                BinaryPrimitives.ReadInt32BigEndian(record.Value[2..])));
        }

        private static ReadOnlyMemory<byte> Part(ReadOnlyMemory<byte> whole, ReadOnlySpan<byte> part)
        {
            whole.Span.Overlaps(part, out var start);
            return whole.Slice(start, part.Length);
        }
    }
}
