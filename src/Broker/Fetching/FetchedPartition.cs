using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Fetching;

/// <summary>What one look at a partition found, before it is known whether the client is told.</summary>
internal readonly record struct FetchedPartition()
{
    public ErrorCode Error { get; init; }

    public Offset HighWatermark { get; init; } = Offset.None;

    public Offset LastStableOffset { get; init; } = Offset.None;

    public Offset LogStartOffset { get; init; } = Offset.None;

    /// <summary>Where the client's log has left ours (KIP-595).</summary>
    public EpochEndOffset Diverging { get; init; } = EpochEndOffset.None;

    public LogSlice Slice { get; init; }

    /// <summary>Null unless read_committed is asked for.</summary>
    public IReadOnlyList<AbortedTransaction>? Aborted { get; init; }

    /// <summary>It ends the wait, and a session tells it each time.</summary>
    public bool IsFailure => Error != ErrorCode.None || Diverging.EndOffset >= Offset.Zero;

    public static FetchedPartition Failed(ErrorCode error) => new() { Error = error };

    public FetchResponse.PartitionData Response(int partition)
    {
        var answer = Recycled<FetchResponse.PartitionData>.Take();
        answer.PartitionIndex = partition;
        answer.ErrorCode = Error;
        answer.HighWatermark = HighWatermark.Value;
        answer.LastStableOffset = LastStableOffset.Value;
        answer.LogStartOffset = LogStartOffset.Value;
        answer.Records = Slice.Source is { } source
            ? new RecordData(source, Slice.Position, Slice.Length)
            : RecordData.Empty;
        if (Diverging.EndOffset >= Offset.Zero)
            answer.DivergingEpoch = new() { Epoch = Diverging.Epoch.Value, EndOffset = Diverging.EndOffset.Value };
        if (Aborted is null)
        {
            answer.AbortedTransactions = RecycledList.Give(answer.AbortedTransactions);
            return answer;
        }

        for (var i = 0; i < Aborted.Count; i++)
        {
            var aborted = Recycled<FetchResponse.AbortedTransaction>.Take();
            (aborted.ProducerId, aborted.FirstOffset) = (Aborted[i].ProducerId, Aborted[i].FirstOffset);
            answer.AbortedTransactions!.Add(aborted);
        }

        return answer;
    }
}
