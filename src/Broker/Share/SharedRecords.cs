using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>What a member got of a partition: whole batches, and which of their records are its own.</summary>
internal readonly record struct SharedRecords(
    ErrorCode Error, RecordData Records, IReadOnlyList<AcquiredRecords> Acquired)
{
    public static SharedRecords Nothing => Failed(ErrorCode.None);

    public long Count => Acquired.Sum(records => records.Count);

    public static SharedRecords Failed(ErrorCode error) => new(error, RecordData.Empty, []);
}
