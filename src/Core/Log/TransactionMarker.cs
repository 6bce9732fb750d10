using System.Buffers.Binary;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>
/// The one record of a control batch that ends a transaction: key int16 version and int16 type (0 abort, 1 commit),
/// value int16 version and int32 epoch of the coordinator.
/// </summary>
internal readonly record struct TransactionMarker(bool IsCommit, int CoordinatorEpoch)
{
    private const short Abort = 0;
    private const short Commit = 1;

    /// <summary>False for other control batches, and for what is none.</summary>
    public static bool TryRead(scoped in RecordBatch batch, out TransactionMarker marker)
    {
        marker = default;
        if (!batch.IsControl || batch.Compression != CompressionType.None
            || batch.Bytes.Length <= RecordBatch.HeaderSize)
            return false;
        RecordEnumerator records = batch.Records(batch.RecordBytes);
        if (!records.MoveNext() || records.Current.Key.Length < 4)
            return false;
        short type = BinaryPrimitives.ReadInt16BigEndian(records.Current.Key[2..]);
        int epoch = records.Current.Value.Length >= 6
            ? BinaryPrimitives.ReadInt32BigEndian(records.Current.Value[2..])
            : -1;
        marker = new TransactionMarker(type == Commit, epoch);
        return type is Abort or Commit;
    }

    /// <summary>The control batch for one producer.</summary>
    public byte[] Encode(ProducerIdAndEpoch producer, Instant now)
    {
        Span<byte> key = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(key, IsCommit ? Commit : Abort);
        Span<byte> value = stackalloc byte[6];
        BinaryPrimitives.WriteInt16BigEndian(value, 0);
        BinaryPrimitives.WriteInt32BigEndian(value[2..], CoordinatorEpoch);
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            IsTransactional = true,
            IsControl = true,
        };
        builder.Append(now.Milliseconds, key, value);
        return builder.Build().ToArray();
    }
}

/// <summary>A transaction with its marker, as one partition knows it.</summary>
internal readonly record struct EndedTransaction(long ProducerId, long FirstOffset, long LastOffset, bool IsAborted);
