using System.Buffers.Binary;

namespace Millrace.Protocol.Records;

/// <summary>Changes to a batch in place. Base offset and leader epoch lie outside the CRC, the rest inside.</summary>
public static class RecordBatchHeader
{
    public static void SetBaseOffset(Span<byte> batch, long offset) =>
        BinaryPrimitives.WriteInt64BigEndian(batch, offset);

    public static void SetPartitionLeaderEpoch(Span<byte> batch, int epoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.LeaderEpochAt..], epoch);

    /// <summary>
    /// Sets who gave the timestamps and the greatest of them; the CRC is made anew if that is a change.
    /// </summary>
    public static void SetMaxTimestamp(Span<byte> batch, TimestampType type, long timestamp)
    {
        short attributes = BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatch.AttributesAt..]);
        short wanted = (short)(type == TimestampType.LogAppendTime
            ? attributes | RecordBatch.TimestampTypeBit
            : attributes & ~RecordBatch.TimestampTypeBit);
        Span<byte> maxTimestamp = batch[RecordBatch.MaxTimestampAt..];
        if (wanted == attributes && BinaryPrimitives.ReadInt64BigEndian(maxTimestamp) == timestamp)
            return;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatch.AttributesAt..], wanted);
        BinaryPrimitives.WriteInt64BigEndian(maxTimestamp, timestamp);
        UpdateCrc(batch);
    }

    /// <summary>Sets who produced the batch and its place in the producer's sequence; makes the CRC anew.</summary>
    public static void SetProducer(Span<byte> batch, long id, short epoch, int baseSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatch.ProducerIdAt..], id);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatch.ProducerEpochAt..], epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.BaseSequenceAt..], baseSequence);
        UpdateCrc(batch);
    }

    /// <summary>
    /// Makes a whole batch without records of a batch's header: offsets, sequence and producer stay as they are.
    /// </summary>
    public static void MakeEmpty(Span<byte> header)
    {
        short attributes = BinaryPrimitives.ReadInt16BigEndian(header[RecordBatch.AttributesAt..]);
        attributes &= RecordBatch.TimestampTypeBit | RecordBatch.TransactionalBit | RecordBatch.ControlBit;
        BinaryPrimitives.WriteInt32BigEndian(
            header[RecordBatch.LengthAt..], RecordBatch.HeaderSize - RecordBatch.Overhead);
        BinaryPrimitives.WriteInt16BigEndian(header[RecordBatch.AttributesAt..], attributes);
        BinaryPrimitives.WriteInt64BigEndian(header[RecordBatch.BaseTimestampAt..], RecordBatch.NoTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(header[RecordBatch.CountAt..], 0);
        UpdateCrc(header[..RecordBatch.HeaderSize]);
    }

    public static void UpdateCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(
            batch[RecordBatch.CrcAt..], Crc32C.Compute(batch[RecordBatch.AttributesAt..]));
}
