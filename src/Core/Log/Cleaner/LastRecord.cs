using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// The batch that says where a producer stands: that with its last data, or if it has none in its epoch, the marker
/// that gave it the epoch.
/// </summary>
internal readonly record struct LastRecord(long LastDataOffset, short Epoch)
{
    public bool IsIn(scoped in RecordBatch batch) => LastDataOffset >= 0
        ? batch.LastOffset == LastDataOffset
        : batch.IsControl && batch.ProducerEpoch == Epoch;
}
