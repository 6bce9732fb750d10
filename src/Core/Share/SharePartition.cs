using Millrace.Core.Model;

namespace Millrace.Core.Share;

/// <summary>
/// A partition as a share group reads it (KIP-932): which records are available, which a member has acquired, which
/// are done. A pure core: the shell serialises the calls, reads the log, and stores each <see cref="StateChange"/>.
/// </summary>
/// <remarks>
/// <para>
/// <code>
/// (new), Available -- acquire -----------------------------------&gt; Acquired
/// Acquired -- release, lock ends, fewer deliveries than the limit -&gt; Available
/// Acquired -- accept ---------------------------------------------&gt; Acknowledged
/// Acquired -- reject, gap, release after the last delivery -------&gt; Archived
/// Available -- not in the log (any more) -------------------------&gt; Archived
/// </code>
/// </para>
/// <para>1. Offsets from the start to the end tile without a hole; what is missing in the log is archived. 2. Below
/// the start everything is done; the start never goes back. 3. A record has one owner at a time. 4. What is done stays
/// so. 5. An acquisition is not stored: after a loading it never was. 6. A refused acknowledgement changes
/// nothing.</para>
/// </remarks>
internal sealed partial class SharePartition
{
    private RecordRanges _ranges;

    /// <param name="state">What is stored.</param>
    /// <param name="start">The stored start offset, or where the group begins if none is.</param>
    /// <param name="settings">Of the group; they may change at any time.</param>
    public SharePartition(ShareState state, long start, ShareSettings settings)
    {
        Settings = settings;
        StateEpoch = state.StateEpoch;
        _ranges = new RecordRanges(start);
        foreach (var (first, last, stored, count) in state.Batches)
        {
            if (first > _ranges.End)
                _ranges.Add(RecordRange.Unowned(_ranges.End, first - 1, RecordState.Available, 0));
            if (last >= _ranges.End)
                _ranges.Add(RecordRange.Unowned(_ranges.End, last, Known(stored), count));
        }

        _ranges.Join();
    }

    public ShareSettings Settings { get; set; }

    public int StateEpoch { get; }

    /// <summary>Below it everything is done.</summary>
    public long StartOffset => _ranges.Start;

    /// <summary>From it on nothing was acquired yet.</summary>
    public long EndOffset => _ranges.End;

    /// <summary>Where to read the log for the next records; null while as many are under way as may be.</summary>
    public long? NextFetchOffset
    {
        get
        {
            foreach (var range in _ranges.All)
            {
                if (range.State == RecordState.Available)
                    return range.First;
            }

            return InFlight < Settings.MaxRecordLocks ? _ranges.End : null;
        }
    }

    /// <summary>When the next lock ends.</summary>
    public Instant NextDeadline
    {
        get
        {
            var next = Instant.Never;
            foreach (var range in _ranges.All)
                next = Instant.Min(next, range.LockEnd);
            return next;
        }
    }

    /// <summary>Records that are neither new nor done.</summary>
    public long InFlight
    {
        get
        {
            var count = 0L;
            foreach (var range in _ranges.All)
                count += range.IsDone ? 0 : range.Count;
            return count;
        }
    }

    /// <summary>
    /// Gives a member what is to be had of the batches, which were read from <paramref name="from"/> on and which
    /// ascend. What lies between them is not in the log. Nothing, when another member was quicker.
    /// </summary>
    public IReadOnlyList<AcquiredRecords> Acquire(
        string memberId, IReadOnlyList<FetchedBatch> batches, long from, in FetchLimits limits, Instant now)
    {
        var acquisition = new Acquisition(this, memberId, limits, now);
        var next = Math.Max(from, StartOffset);
        foreach (var batch in batches)
        {
            if (batch.LastOffset < next)
                continue;
            if (!acquisition.IsOpen)
                break;
            if (batch.BaseOffset > next)
                Archive(next, batch.BaseOffset - 1);
            acquisition.Take(batch, Math.Max(batch.BaseOffset, next));
            next = batch.LastOffset + 1;
        }

        _ranges.Join();
        return acquisition.Acquired;
    }

    /// <summary>
    /// What lies below is not in the log. Who has acquired some of it may still acknowledge that.
    /// </summary>
    public void MoveLogStart(long offset)
    {
        Archive(StartOffset, offset - 1);
        _ranges.Join();
    }

    /// <summary>There is nothing to be had of these offsets.</summary>
    private void Archive(long first, long last)
    {
        _ranges.Change(first, last, range =>
            range.State == RecordState.Available ? range.End(RecordState.Archived) : range);
        if (last >= EndOffset)
            _ranges.Add(RecordRange.Unowned(EndOffset, last, RecordState.Archived, 0));
    }

    private static RecordState Known(RecordState stored) =>
        stored is RecordState.Available or RecordState.Acquired ? RecordState.Available
        : stored is RecordState.Acknowledged ? RecordState.Acknowledged
        : RecordState.Archived;

    /// <summary>One fetch's taking from one partition.</summary>
    private sealed class Acquisition(SharePartition partition, string memberId, FetchLimits limits, Instant now)
    {
        private readonly List<AcquiredRecords> _acquired = [];
        private readonly Instant _lockEnd = now + partition.Settings.LockDurationMs;
        private long _left = limits.MaxRecords;
        private long _newLeft = partition.Settings.MaxRecordLocks - partition.InFlight;

        public IReadOnlyList<AcquiredRecords> Acquired => _acquired;

        /// <summary>Whether more may be taken.</summary>
        public bool IsOpen => _left > 0;

        /// <summary>Takes what of the batch is available or new, from an offset on.</summary>
        public void Take(in FetchedBatch batch, long first)
        {
            var ranges = partition._ranges;
            foreach (var range in ranges.Between(first, batch.LastOffset).ToList())
            {
                if (range.State == RecordState.Available && (IsOpen || !limits.IsStrict))
                    Take(batch, range, Math.Min(range.Count, limits.IsStrict ? _left : long.MaxValue));
            }

            if (batch.LastOffset < ranges.End)
                return;
            if (_newLeft > 0 && (IsOpen || !limits.IsStrict))
                TakeNew(batch, Math.Max(first, ranges.End));
            if (batch.LastOffset >= ranges.End)
                _left = 0; // to take of what comes behind would leave a hole
        }

        private void TakeNew(in FetchedBatch batch, long first)
        {
            var fresh = RecordRange.Unowned(first, batch.LastOffset, RecordState.Available, 0);
            if (limits.IsStrict)
                fresh = fresh with { Last = fresh.First + Math.Min(fresh.Count, Math.Min(_left, _newLeft)) - 1 };
            partition._ranges.Add(fresh);
            _newLeft -= fresh.Count;
            Take(batch, fresh, fresh.Count);
        }

        private void Take(in FetchedBatch batch, in RecordRange range, long count)
        {
            var last = range.First + count - 1;
            if (batch.IsAborted)
            {
                partition.Archive(range.First, last);
                return;
            }

            partition._ranges.Change(range.First, last, taken => taken.Acquire(memberId, _lockEnd));
            _left -= count;
            Tell(new AcquiredRecords(range.First, last, (short)Math.Min(range.DeliveryCount + 1, short.MaxValue)));
        }

        private void Tell(in AcquiredRecords records)
        {
            if (_acquired.Count > 0 && _acquired[^1] is var previous
                && previous.LastOffset + 1 == records.FirstOffset && previous.DeliveryCount == records.DeliveryCount
                && previous.Count < limits.BatchSize)
                _acquired[^1] = previous with { LastOffset = records.LastOffset };
            else
                _acquired.Add(records);
        }
    }
}
