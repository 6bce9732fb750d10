using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Log;

/// <summary>API first: the bodies follow in the next commit.</summary>
internal sealed class PartitionLog
{
    public static PartitionLog Open(
        IDisk disk, TopicPartition partition, LogSettings settings, Instant now, LogOpening opening) =>
        throw new InvalidOperationException();

    public TopicPartition Partition => throw new InvalidOperationException();

    /// <summary>From partition.metadata; empty until assigned.</summary>
    public Guid TopicId => throw new InvalidOperationException();

    /// <summary>May be replaced at any time.</summary>
    public LogSettings Settings { get; set; } = LogSettings.Default;

    public Offset LogStartOffset => throw new InvalidOperationException();

    public Offset LogEndOffset => throw new InvalidOperationException();

    /// <summary>All below is on stable storage.</summary>
    public Offset FlushedOffset => throw new InvalidOperationException();

    public LeaderEpoch LatestEpoch => throw new InvalidOperationException();

    public bool IsOffline => throw new InvalidOperationException();

    public long SizeInBytes => throw new InvalidOperationException();

    public void AssignTopicId(Guid topicId) => throw new InvalidOperationException();

    public AppendResult Append(Span<byte> batch, LeaderEpoch epoch, Instant now, AppendOrigin origin) =>
        throw new InvalidOperationException();

    public ErrorCode Flush() => throw new InvalidOperationException();

    public LogSlice Read(Offset from, int maxBytes, Offset upperBound, bool atLeastOneBatch) =>
        throw new InvalidOperationException();

    public TimestampOffset OffsetForTimestamp(long timestamp) => throw new InvalidOperationException();

    public TimestampOffset MaxTimestampOffset() => throw new InvalidOperationException();

    public EpochEndOffset EndOffsetForEpoch(LeaderEpoch epoch) => throw new InvalidOperationException();

    public bool AdvanceLogStartOffset(Offset offset) => throw new InvalidOperationException();

    public ErrorCode TruncateTo(Offset offset) => throw new InvalidOperationException();

    public void Close(bool clean) => throw new InvalidOperationException();

    public void DeleteFiles() => throw new InvalidOperationException();
}

/// <summary>What is known of a log before it is opened.</summary>
internal readonly record struct LogOpening(bool CleanlyClosed, Offset RecoveryPoint, Offset LogStartOffset);
