using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>What the log, or a snapshot, says of a producer at an offset.</summary>
internal sealed record ProducerTrace
{
    public required long ProducerId { get; init; }

    public short Epoch { get; init; } = -1;

    public int CoordinatorEpoch { get; init; } = -1;

    public int LastSequence { get; init; } = RecordBatch.NoSequence;

    /// <summary>Of the last batch that was no marker; -1 if none was.</summary>
    public long LastOffset { get; init; } = -1;

    public int OffsetDelta { get; init; }

    public long LastTimestamp { get; init; } = RecordBatch.NoTimestamp;

    /// <summary>-1 while no transaction is open.</summary>
    public long TransactionFirstOffset { get; init; } = -1;

    public int FirstSequence => (int)(((long)LastSequence - OffsetDelta) & int.MaxValue);
}
