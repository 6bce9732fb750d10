using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Fetching;

/// <summary>
/// Reads partitions for one look of a fetch, in the order of the calls, within what the request allows. What has no
/// news costs no memory.
/// </summary>
internal ref struct FetchReader(FetchRequest request, int mostBytes)
{
    private const sbyte ReadCommitted = 1;

    private static readonly AbortedTransaction[] NoneAborted = [];

    /// <summary>Bytes of records found so far.</summary>
    public long Read { get; private set; }

    public FetchedPartition Look(FetchPartition fetched)
    {
        if (fetched.Leader is not { } partition)
            return FetchedPartition.Failed(fetched.Missing) with { Aborted = NoneAborted };
        var wanted = fetched.Wanted;
        if (wanted.CurrentLeaderEpoch >= 0
            && partition.CheckLeaderEpoch(wanted.CurrentLeaderEpoch) is var fenced and not ErrorCode.None)
            return FetchedPartition.Failed(fenced);
        if (request.ReplicaId >= 0 || request.ReplicaState.ReplicaId >= 0)
            return FetchedPartition.Failed(ErrorCode.NotLeaderOrFollower);
        var log = partition.Log;
        var found = new FetchedPartition
        {
            HighWatermark = partition.HighWatermark,
            LastStableOffset = partition.LastStableOffset,
            LogStartOffset = log.LogStartOffset,
        };
        if (wanted.LastFetchedEpoch >= 0)
        {
            var end = partition.EndOffsetForEpoch(new LeaderEpoch(wanted.LastFetchedEpoch));
            if (end.Epoch == LeaderEpoch.None)
                return FetchedPartition.Failed(ErrorCode.OffsetOutOfRange);
            if (end.Epoch.Value < wanted.LastFetchedEpoch || end.EndOffset.Value < wanted.FetchOffset)
                return found with { Diverging = end };
        }

        var isCommitted = request.IsolationLevel == ReadCommitted;
        return Records(log, wanted, isCommitted ? found with { Aborted = NoneAborted } : found, isCommitted);
    }

    private FetchedPartition Records(
        PartitionLog log, in WantedRecords wanted, in FetchedPartition found, bool isCommitted)
    {
        var from = new Offset(wanted.FetchOffset);
        if (from < log.LogStartOffset || from > log.LogEndOffset)
            return FetchedPartition.Failed(ErrorCode.OffsetOutOfRange);
        if (from < log.LogEndOffset && (wanted.PartitionMaxBytes < 0 || request.MaxBytes < 0))
            return FetchedPartition.Failed(ErrorCode.UnknownServerError);
        var left = Math.Max(Math.Min(request.MaxBytes, mostBytes) - Read, 0);
        var visible = isCommitted ? found.LastStableOffset : found.HighWatermark;
        var slice = log.Read(from, (int)Math.Clamp(wanted.PartitionMaxBytes, 0, left), visible, Read == 0);
        if (slice.Error != ErrorCode.None)
            return FetchedPartition.Failed(slice.Error);
        Read += slice.Length;
        if (!isCommitted || slice.Length == 0)
            return found with { Slice = slice };
        try
        {
            // The client drops the records of these.
            return found with { Slice = slice, Aborted = log.AbortedTransactions(from, slice.EndOffset) };
        }
        catch (IOException)
        {
            return FetchedPartition.Failed(ErrorCode.KafkaStorageError) with { Aborted = NoneAborted };
        }
    }
}
