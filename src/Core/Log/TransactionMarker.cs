using System.Buffers.Binary;
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
}

/// <summary>A transaction with its marker, as one partition knows it.</summary>
internal readonly record struct EndedTransaction(long ProducerId, long FirstOffset, long LastOffset, bool IsAborted);
