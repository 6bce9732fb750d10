using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log;

/// <summary>Whole batches of one segment file, not copied yet.</summary>
internal readonly record struct LogSlice
{
    /// <summary>OffsetOutOfRange, CorruptMessage or KafkaStorageError where the log has nothing to give.</summary>
    public ErrorCode Error { get; private init; }

    /// <summary>Null if the slice is empty.</summary>
    public IRecordSource? Source { get; private init; }

    public long Position { get; private init; }

    public int Length { get; private init; }

    /// <summary>All records of the slice lie below.</summary>
    public Offset EndOffset { get; private init; }

    public static LogSlice Empty => default;

    public static LogSlice Failed(ErrorCode error) => new() { Error = error };

    public static LogSlice Of(IRecordSource source, long position, int length, Offset endOffset) =>
        new() { Source = source, Position = position, Length = length, EndOffset = endOffset };

    public void CopyTo(Span<byte> destination) => Source?.Read(Position, destination[..Length]);
}

/// <summary>A record found by its time: where, when, and the epoch of its batch.</summary>
internal readonly record struct TimestampOffset(Offset Offset, long Timestamp, LeaderEpoch Epoch)
{
    public static readonly TimestampOffset None = new(Offset.None, -1, LeaderEpoch.None);

    /// <summary>No answer: the log could not be read.</summary>
    public static readonly TimestampOffset Unreadable = new(Offset.None, -2, LeaderEpoch.None);
}

/// <summary>
/// The end of an epoch (OffsetForLeaderEpoch): the greatest known epoch not above the asked, and its end.
/// </summary>
internal readonly record struct EpochEndOffset(LeaderEpoch Epoch, Offset EndOffset)
{
    public static readonly EpochEndOffset None = new(LeaderEpoch.None, Offset.None);
}
