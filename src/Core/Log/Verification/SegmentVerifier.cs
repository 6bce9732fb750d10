using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Verifies one segment: walks its log file once, from end to end, and shows every batch to the checks of the segment's
/// index files and to those of the partition, which its owner keeps from segment to segment.
/// </summary>
internal sealed class SegmentVerifier(PartitionChecks checks, SegmentFacts segment, IReadOnlySet<string> names)
{
    private const string MetadataAdvice =
        "The start refuses it, for decisions would be missing: restore the folder from a copy.";

    private readonly FileFindings _findings = checks.Findings.Of(segment.Path(".log"));
    private readonly LogState _state = checks.State;
    private OffsetIndexCheck? _offsets;
    private TimeIndexCheck? _times;
    private TransactionIndexCheck? _transactions;
    private Damage? _damage;
    private bool _hasBatch;

    public void Run(VerificationSummary summary)
    {
        summary.Segments++;
        long before = summary.Bytes;
        try
        {
            using IDiskFile file = checks.Disk.Open(segment.Path(".log"));
            using var walk = new BatchWalk(file, file.Length, segment.BaseOffset);
            OpenIndexes(walk.End > 0);
            Begin();
            while (walk.MoveNext())
            {
                if (walk.State == BatchState.Good)
                    Good(walk, summary);
                else
                    Damaged(walk, walk.State);
                summary.Bytes = before + walk.Next;
                checks.Progress(summary);
            }

            End(walk);
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, segment.Partition.IsInUse, _findings);
            _state.IsDamaged = true;
            _state.NextOffset = Math.Max(_state.NextOffset, segment.NextBaseOffset);
            checks.Producers.Damage(segment.NextBaseOffset);
        }
        finally
        {
            _offsets?.Dispose();
            _times?.Dispose();
            _transactions?.Dispose();
        }
    }

    private void OpenIndexes(bool hasBytes)
    {
        if (Open(".index", hasBytes) is { } offsets)
            _offsets = new OffsetIndexCheck(offsets, segment, checks.Findings.Of(segment.Path(".index")));
        if (Open(".timeindex", hasBytes) is { } times)
            _times = new TimeIndexCheck(times, segment, checks.Findings.Of(segment.Path(".timeindex")));
        _transactions = new TransactionIndexCheck(
            Open(".txnindex", mustExist: false), segment, checks.Findings.Of(segment.Path(".txnindex")));
    }

    private IDiskFile? Open(string suffix, bool mustExist)
    {
        FileFindings findings = checks.Findings.Of(segment.Path(suffix));
        if (!names.Contains($"{segment.BaseOffset:D20}{suffix}"))
        {
            if (mustExist && segment.Derived == Severity.Error)
            {
                findings.Warning(
                    suffix[1..] + "-missing", "The file is missing.", "It is made again when it is needed.");
            }

            return null;
        }

        try
        {
            return checks.Disk.Open(segment.Path(suffix));
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, segment.Partition.IsInUse, findings);
            return null;
        }
    }

    /// <summary>The segment before should end where this one begins.</summary>
    private void Begin()
    {
        long expected = _state.NextOffset;
        if (expected > segment.BaseOffset)
        {
            _findings.Error("segment-order",
                $"The segment is named by offset {segment.BaseOffset}; the one before ends at {expected}.",
                "Offsets stand twice in the log: one of the two segments does not belong here.",
                Place.At(0, segment.BaseOffset, expected - 1));
        }

        if (expected < 0 || _state.HasDamagedTail)
            _state.NextOffset = Math.Max(expected, segment.BaseOffset);
        _state.HasDamagedTail = false;
    }

    private void Good(BatchWalk walk, VerificationSummary summary)
    {
        if (!IsInPlace(walk))
        {
            Damaged(walk, BatchState.Misplaced);
            return;
        }

        RecordBatch batch = walk.Batch;
        Settle(batch.BaseOffset - 1);
        if (batch.BaseOffset > _state.NextOffset)
        {
            checks.Gap(_state.NextOffset, batch.BaseOffset - 1, walk.Position, _hasBatch, _findings);
            _transactions!.Damage();
        }

        checks.Snapshots.Advance(batch.BaseOffset);
        RecordCheck.Check(batch, walk.IsInMemory, walk.Position, segment.Partition, _findings);
        checks.Epochs.Batch(batch, walk.Position, segment.IsActive, _findings);
        if (checks.Producers.Batch(batch, walk.Position, _findings) is { } end)
            _transactions!.Marker(end);
        _offsets?.Batch(walk.Position, batch.LastOffset);
        _times?.Batch(batch);
        summary.Batches++;
        summary.Records += Math.Max(batch.Count, 0);
        _state.NextOffset = Math.Max(_state.NextOffset, batch.LastOffset + 1);
        walk.LowestOffset = _state.NextOffset;
        _hasBatch = true;
    }

    /// <summary>
    /// Whether the batch's offsets can stand where it stands. One that leaves a gap which the batch behind it closes
    /// again has a wrong base offset.
    /// </summary>
    private bool IsInPlace(BatchWalk walk)
    {
        RecordBatch batch = walk.Batch;
        (long first, long last) = (batch.BaseOffset, batch.LastOffset);
        if (first < segment.BaseOffset || first < _state.NextOffset || last - segment.BaseOffset > int.MaxValue
            || (segment.NextBaseOffset >= 0 && first >= segment.NextBaseOffset))
            return false;
        return first == _state.NextOffset || IsGap(walk.PeekBaseOffset(), first);
    }

    private bool IsGap(long next, long first) => next < _state.NextOffset || next > first;

    private void Damaged(BatchWalk walk, BatchState state) =>
        _damage = _damage is { } before
            ? before with { End = walk.Next, Pieces = before.Pieces + 1, IsTorn = false }
            : new Damage(walk.Position, walk.Next, _state.NextOffset, state, 1, walk.IsTorn);

    /// <summary>Damage with something good behind it.</summary>
    private void Settle(long lastOffset)
    {
        if (_damage is not { } damage)
            return;
        Report(damage, Severity.Error, lastOffset, segment.Partition.IsMetadataLog
            ? MetadataAdvice
            : lastOffset < damage.FirstOffset
            ? "No offset is missing: the bytes are skipped."
            : "Restore the file from a copy while the broker is stopped. Without one a read of these offsets fails, "
                + $"and a consumer goes on at offset {lastOffset + 1}.");
        Forget(damage, lastOffset);
    }

    private void Forget(Damage damage, long lastOffset)
    {
        _damage = null;
        _state.IsDamaged = true;
        _state.NextOffset = Math.Max(_state.NextOffset, lastOffset + 1);
        checks.Producers.Damage(lastOffset);
        _offsets?.Skip(damage.End);
        _times?.Damage();
        _transactions!.Damage();
    }

    private void End(BatchWalk walk)
    {
        if (_damage is { } damage && segment.IsActive)
            ReportTail(damage);
        else
            Settle(segment.NextBaseOffset - 1);
        if (segment.NextBaseOffset > _state.NextOffset)
        {
            checks.Gap(_state.NextOffset, segment.NextBaseOffset - 1, walk.End, true, _findings);
            _state.NextOffset = segment.NextBaseOffset;
        }

        _offsets?.End(walk.End);
        _times?.End();
        _transactions!.End();
    }

    private void ReportTail(Damage damage)
    {
        PartitionFacts facts = segment.Partition;
        bool wasFlushed = facts.RecoveryPoint > damage.FirstOffset;
        if (facts.IsInUse && !wasFlushed)
        {
            _findings.Note("tail",
                $"The last {damage.End - damage.Position} bytes are no whole batch: an append may be at work.",
                "Look again when the broker is stopped.", Place.At(damage.Position, damage.FirstOffset));
        }
        else if (facts.WasClosed || wasFlushed)
        {
            Report(damage, Severity.Error, -1, wasFlushed && facts.IsMetadataLog
                ? MetadataAdvice
                : wasFlushed
                ? $"All up to offset {facts.RecoveryPoint} was on stable storage: restore it from a copy."
                : "The log was closed in order: look for what changed the file since.");
        }
        else
        {
            Report(damage, Severity.Warning, -1, "The next start cuts them off: they were not yet on stable storage.");
        }

        Forget(damage, -1);
        _state.HasDamagedTail = true;
    }

    private void Report(Damage damage, Severity severity, long lastOffset, string advice)
    {
        long bytes = damage.End - damage.Position;
        (string check, string problem) = damage.State switch
        {
            BatchState.BadCrc => ("batch-crc", "The checksum of the batch is wrong"),
            BatchState.Misplaced => ("batch-offset", "The base offset of the batch can't stand here"),
            BatchState.BadMagic => ("batch-magic", "The batch is not of format 2"),
            _ when damage.IsTorn => ("batch-torn", "The batch is not whole"),
            _ => ("batch-header", "No batch stands here"),
        };
        string more = damage.Pieces > 1 ? $" and {damage.Pieces - 1} more" : "";
        string lost = lastOffset >= damage.FirstOffset ? $", offsets {damage.FirstOffset} to {lastOffset}"
            : lastOffset < 0 ? $", offsets from {damage.FirstOffset} on" : "";
        _findings.Add(severity, check, $"{problem}{more}: {bytes} bytes{lost}.", advice,
            Place.At(damage.Position, damage.FirstOffset, lastOffset < damage.FirstOffset ? -1 : lastOffset));
    }

    private readonly record struct Damage(
        long Position, long End, long FirstOffset, BatchState State, int Pieces, bool IsTorn);
}
