using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <content>Appending: check, stamp, write, count.</content>
internal sealed partial class PartitionLog
{
    /// <summary>How far back from a snapshot a producer's last batches are looked for.</summary>
    private const long MostOffsetsRecalled = 100_000;

    private long _jitterMs;
    private long _producersLoadedAt; // until the batches below are recalled; 0 if there are none

    /// <summary>
    /// Appends one batch, patched in place. A client's bytes are checked first and may have a part of a second batch
    /// behind the first; nothing is appended unless the error is None, nor if the batch is a duplicate.
    /// </summary>
    public AppendResult Append(Span<byte> data, LeaderEpoch epoch, Instant now, AppendOrigin origin)
    {
        if (_offline)
            return AppendResult.Refused(ErrorCode.KafkaStorageError, Offset.None);
        try
        {
            if (!IsClient(origin))
                return AppendChecked(data, epoch, now, origin);
            BatchVerdict verdict = BatchValidator.Validate(data, Settings, now);
            if (verdict.Error != ErrorCode.None)
            {
                return AppendResult.Refused(
                    verdict.Error, verdict.HidesLogStart ? Offset.None : LogStartOffset, verdict.Message,
                    verdict.RecordErrors) with
                { TellsMessage = verdict.TellsMessage };
            }

            using RecordBatchBuilder? recompressed = verdict.Recompressed;
            return AppendChecked(
                recompressed is null ? data[..verdict.Length] : recompressed.Build(), epoch, now, origin);
        }
        catch (DiskFullException)
        {
            IsDiskFull = true;
            return AppendResult.Refused(ErrorCode.KafkaStorageError, Offset.None, "The disk is full.");
        }
        catch (IOException failure)
        {
            Fail(failure);
            return AppendResult.Refused(ErrorCode.KafkaStorageError, Offset.None);
        }
    }

    private AppendResult AppendChecked(Span<byte> data, LeaderEpoch epoch, Instant now, AppendOrigin origin)
    {
        if (RecordBatch.TryRead(data, out RecordBatch batch) != RecordBatchError.None)
            return AppendResult.Refused(ErrorCode.CorruptMessage, Offset.None);
        if (batch.SizeInBytes > Settings.SegmentBytes)
            return AppendResult.Refused(ErrorCode.RecordListTooLarge, Offset.None, "The batch exceeds segment.bytes.");
        if (origin != AppendOrigin.Replica)
        {
            ErrorCode error = _producers.Check(batch, origin, out ProducedBatch? duplicate);
            if (error == ErrorCode.OutOfOrderSequence && TryRecallBatches())
                error = _producers.Check(batch, origin, out duplicate);
            if (error != ErrorCode.None)
                return AppendResult.Refused(error, LogStartOffset, Explain(error, batch));
            if (duplicate is { } known)
                return Appended(known.FirstOffset, known.LastOffset, known.Timestamp) with { IsDuplicate = true };
        }

        if (origin == AppendOrigin.Replica)
        {
            if (batch.BaseOffset < _logEndOffset)
                return AppendResult.Refused(ErrorCode.InvalidRecord, LogStartOffset, "It is below the log's end.");
            epoch = new LeaderEpoch(batch.PartitionLeaderEpoch);
        }
        else
        {
            RecordBatchHeader.SetBaseOffset(data, _logEndOffset);
            RecordBatchHeader.SetPartitionLeaderEpoch(data, epoch.Value);
        }

        Write(batch, epoch, now);
        IsDiskFull = false;
        bool appendTime = Settings.TimestampType == TimestampType.LogAppendTime && IsClient(origin);
        return Appended(batch.BaseOffset, batch.LastOffset, appendTime ? now.Milliseconds : -1);
    }

    /// <summary>
    /// A snapshot has of each producer the last batch only, but a producer may send again any of its last five whose
    /// answer a restart has cut off. They are read from the log when they are first missed.
    /// </summary>
    private bool TryRecallBatches()
    {
        if (_producersLoadedAt == 0)
            return false;
        var read = new ProducerStates();
        var from = new Offset(Math.Max(LogStartOffset.Value, _producersLoadedAt - MostOffsetsRecalled));
        _producersLoadedAt = 0;
        Recovery.ReplayProducers(_segments, read, from);
        _producers.Recall(read);
        return true;
    }

    private static bool IsClient(AppendOrigin origin) =>
        origin is AppendOrigin.Client or AppendOrigin.VerifiedClient or AppendOrigin.VerifiedClientWithEpochs;

    private void Write(scoped in RecordBatch batch, LeaderEpoch epoch, Instant now)
    {
        if (MustRoll(batch, now))
            StartSegment(now);
        _epochs.Assign(epoch, new Offset(batch.BaseOffset));
        Segment active = _segments[^1];
        active.Append(batch, Settings.IndexIntervalBytes);
        EndedTransaction? ended = _producers.Append(batch, now);
        if (ended is { IsAborted: true } aborted)
        {
            active.Aborted.Add(new AbortedTransaction(
                aborted.ProducerId, aborted.FirstOffset, aborted.LastOffset, _producers.LastStableBehind(aborted)));
        }

        // Before the end is published: a reader that sees the records knows that they are unstable.
        if (batch.IsTransactional && !batch.IsControl && batch.BaseOffset < Volatile.Read(ref _firstUnstableOffset))
            Volatile.Write(ref _firstUnstableOffset, batch.BaseOffset);
        Volatile.Write(ref _appendedBytes, _appendedBytes + batch.SizeInBytes);
        Volatile.Write(ref _logEndOffset, batch.LastOffset + 1);
    }

    private AppendResult Appended(long firstOffset, long lastOffset, long logAppendTimeMs) => new()
    {
        BaseOffset = new Offset(firstOffset),
        NextOffset = new Offset(lastOffset + 1),
        LogAppendTimeMs = logAppendTimeMs,
        LogStartOffset = LogStartOffset,
        RecordErrors = [],
    };

    private static string Explain(ErrorCode error, scoped in RecordBatch batch) =>
        $"{error} for producer {batch.ProducerId}, epoch {batch.ProducerEpoch}, sequence {batch.BaseSequence}.";

    private bool MustRoll(scoped in RecordBatch batch, Instant now)
    {
        Segment active = _segments[^1];
        if (active.Size == 0)
            return false;
        long age = active.FirstTimestamp >= 0 && batch.MaxTimestamp >= 0
            ? batch.MaxTimestamp - active.FirstTimestamp
            : now.Milliseconds - active.Created.Milliseconds;
        return active.Size + batch.SizeInBytes > Settings.SegmentBytes
            || age > Settings.SegmentMs - Math.Min(_jitterMs, Settings.SegmentMs)
            || active.Indexes.IsFull(Settings.SegmentIndexBytes)
            || batch.LastOffset - active.BaseOffset.Value > int.MaxValue;
    }

    /// <summary>
    /// Nothing is changed until all that can fail for want of room has succeeded; what it left behind is written over
    /// by the next attempt.
    /// </summary>
    private void StartSegment(Instant now)
    {
        Segment active = _segments[^1];
        active.DropUnfinished();
        active.Seal();
        if (LogEndOffset.Value > _snapshotOffset)
            WriteSnapshot(LogEndOffset, ProducerSnapshot.Encode(_producers));
        var next = new Segment(_disk, _directory, LogEndOffset, now) { GapsBelow = GapsBelow, OnRepair = OnRepair };
        next.StartEmpty();
        next.Aborted.StartEmpty();
        if (Settings.Preallocate)
            next.File.Reserve(Settings.SegmentBytes);
        _jitterMs = Jitter(next);
        Interlocked.Exchange(ref _newNames, 1);
        ChangeSegments(segments => [.. segments, next]);
    }

    /// <summary>
    /// By how much the segment is rolled before segment.ms, so that many logs do not roll at once: spread evenly over
    /// segment.jitter.ms by the partition's name and the offset.
    /// </summary>
    private long Jitter(Segment segment)
    {
        if (Settings.SegmentJitterMs <= 0)
            return 0;
        ulong hash = 14695981039346656037;
        foreach (char c in _directory)
            hash = (hash ^ c) * 1099511628211;
        hash = (hash ^ (ulong)segment.BaseOffset.Value) * 1099511628211;
        return (long)(hash % (ulong)(Settings.SegmentJitterMs + 1));
    }
}
