using System.Buffers.Binary;
using System.Text;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Protocol.Records;

/// <summary>
/// Writes one batch into a pooled buffer: set the properties, append records, take <see cref="Build"/>, dispose.
/// Offsets count up from <see cref="BaseOffset"/> unless a record is given its own delta.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly PooledBuffer _records = new(1024);
    private PooledBuffer? _compressed;
    private int _lastOffsetDelta = -1;
    private long _baseTimestamp = RecordBatch.NoTimestamp;
    private long _maxTimestamp = RecordBatch.NoTimestamp;

    public RecordBatchBuilder() => Clear();

    public CompressionType Compression { get; init; }

    public int CompressionLevel { get; init; } = Codec.DefaultLevel;

    public TimestampType TimestampType { get; init; }

    public long BaseOffset { get; set; }

    public int PartitionLeaderEpoch { get; set; } = -1;

    public long ProducerId { get; set; } = RecordBatch.NoProducerId;

    public short ProducerEpoch { get; set; } = RecordBatch.NoProducerEpoch;

    public int BaseSequence { get; set; } = RecordBatch.NoSequence;

    public bool IsTransactional { get; set; }

    public bool IsControl { get; set; }

    /// <summary>
    /// When tombstones of the batch may go (KIP-534). It takes the place of the base timestamp, so it is set before the
    /// first record.
    /// </summary>
    public long? DeleteHorizonMs { get; init; }

    /// <summary>The last offset of a batch that has lost the records at its end; null if it has not.</summary>
    public int? LastOffsetDelta { get; init; }

    public int Count { get; private set; }

    /// <summary>Size of the batch without compression so far.</summary>
    public int SizeInBytes => _records.Length;

    public void Append(long timestamp, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Append(new Record
        {
            OffsetDelta = _lastOffsetDelta + 1,
            Timestamp = timestamp,
            HasKey = true,
            Key = key,
            HasValue = true,
            Value = value,
        });

    public void AppendTombstone(long timestamp, ReadOnlySpan<byte> key) =>
        Append(new Record { OffsetDelta = _lastOffsetDelta + 1, Timestamp = timestamp, HasKey = true, Key = key });

    /// <summary>For records whose key or value may be absent; a null span would be an empty one.</summary>
    public void AppendNullable(
        long timestamp, byte[]? key, byte[]? value, IReadOnlyList<KeyValuePair<string, byte[]?>>? headers = null)
    {
        using PooledBuffer? encoded = headers is null ? null : Encode(headers);
        Append(new Record
        {
            OffsetDelta = _lastOffsetDelta + 1,
            Timestamp = timestamp,
            HasKey = key is not null,
            Key = key,
            HasValue = value is not null,
            Value = value,
            HeaderCount = headers?.Count ?? 0,
            HeaderBytes = encoded is null ? default : encoded.Span,
        });
    }

    /// <summary>Appends a record with its own offset delta; its absolute offset is ignored.</summary>
    public void Append(scoped in Record record)
    {
        if (Count == 0)
            _baseTimestamp = DeleteHorizonMs ?? record.Timestamp;
        long timestampDelta = record.Timestamp - _baseTimestamp;
        int size = 1 + Varint.SizeOf(timestampDelta) + Varint.SizeOf(record.OffsetDelta)
            + SizeOf(record.HasKey, record.Key) + SizeOf(record.HasValue, record.Value)
            + Varint.SizeOf(record.HeaderCount) + record.HeaderBytes.Length;
        Span<byte> room = _records.GetSpan(Varint.MaxIntSize + size);
        int at = Varint.Write(room, size);
        room[at++] = 0;
        at += Varint.Write(room[at..], timestampDelta);
        at += Varint.Write(room[at..], record.OffsetDelta);
        at += Write(room[at..], record.HasKey, record.Key);
        at += Write(room[at..], record.HasValue, record.Value);
        at += Varint.Write(room[at..], record.HeaderCount);
        record.HeaderBytes.CopyTo(room[at..]);
        _records.Advance(at + record.HeaderBytes.Length);
        _lastOffsetDelta = record.OffsetDelta;
        _maxTimestamp = Math.Max(_maxTimestamp, record.Timestamp);
        Count++;
    }

    /// <summary>The finished batch; valid until the next call on this builder.</summary>
    public Span<byte> Build()
    {
        PooledBuffer whole = _records;
        if (Compression != CompressionType.None)
        {
            whole = _compressed ??= new PooledBuffer(_records.Length);
            whole.Clear();
            whole.Write(_records.Span[..RecordBatch.HeaderSize]);
            Codec.Compress(Compression, CompressionLevel, _records.Span[RecordBatch.HeaderSize..], whole);
        }

        WriteHeader(whole.Span);
        return whole.Span;
    }

    /// <summary>Makes ready for the next batch; the properties stay.</summary>
    public void Clear()
    {
        _records.Clear();
        _records.GetSpan(RecordBatch.HeaderSize)[..RecordBatch.HeaderSize].Clear();
        _records.Advance(RecordBatch.HeaderSize);
        _lastOffsetDelta = -1;
        _baseTimestamp = _maxTimestamp = RecordBatch.NoTimestamp;
        Count = 0;
    }

    public void Dispose()
    {
        _records.Dispose();
        _compressed?.Dispose();
    }

    private void WriteHeader(Span<byte> batch)
    {
        int attributes = (int)Compression | ((int)TimestampType << 3)
            | (IsTransactional ? RecordBatch.TransactionalBit : 0) | (IsControl ? RecordBatch.ControlBit : 0)
            | (DeleteHorizonMs is null ? 0 : RecordBatch.DeleteHorizonBit);
        BinaryPrimitives.WriteInt64BigEndian(batch, BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.LengthAt..], batch.Length - RecordBatch.Overhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.LeaderEpochAt..], PartitionLeaderEpoch);
        batch[RecordBatch.MagicAt] = 2;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatch.AttributesAt..], (short)attributes);
        BinaryPrimitives.WriteInt32BigEndian(
            batch[RecordBatch.LastOffsetDeltaAt..], LastOffsetDelta ?? _lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatch.BaseTimestampAt..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatch.MaxTimestampAt..], _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatch.ProducerIdAt..], ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatch.ProducerEpochAt..], ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.BaseSequenceAt..], BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.CountAt..], Count);
        RecordBatchHeader.UpdateCrc(batch);
    }

    private static int SizeOf(bool present, ReadOnlySpan<byte> bytes) =>
        present ? Varint.SizeOf(bytes.Length) + bytes.Length : 1;

    private static int Write(Span<byte> room, bool present, ReadOnlySpan<byte> bytes)
    {
        int at = Varint.Write(room, present ? bytes.Length : -1);
        bytes.CopyTo(room[at..]);
        return at + bytes.Length;
    }

    private static PooledBuffer Encode(IReadOnlyList<KeyValuePair<string, byte[]?>> headers)
    {
        var buffer = new PooledBuffer();
        foreach ((string name, byte[]? value) in headers)
        {
            byte[] key = Encoding.UTF8.GetBytes(name);
            Span<byte> room = buffer.GetSpan((2 * Varint.MaxIntSize) + key.Length + (value?.Length ?? 0));
            int at = Write(room, true, key);
            at += Write(room[at..], value is not null, value);
            buffer.Advance(at);
        }

        return buffer;
    }
}
