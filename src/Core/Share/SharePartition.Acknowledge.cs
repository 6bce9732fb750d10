using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Share;

/// <content>What becomes of records that a member has.</content>
internal sealed partial class SharePartition
{
    /// <summary>
    /// A member says what of records that it has: all of it counts or, with an error, none. What lies below the start
    /// is done already and passed over.
    /// </summary>
    /// <param name="memberId">The member.</param>
    /// <param name="batches">Valid ones, see <see cref="AcknowledgementBatch.AreValid"/>.</param>
    /// <param name="now">From which renewed locks last anew.</param>
    /// <param name="change">What is to be stored before the answer; null for nothing.</param>
    /// <returns>InvalidRequest for what was never acquired, InvalidRecordState for what the member does not have.
    /// </returns>
    public ErrorCode Acknowledge(
        string memberId, IReadOnlyList<AcknowledgementBatch> batches, Instant now, out StateChange? change)
    {
        change = null;
        var before = _ranges.Copy();
        var changed = new List<StateBatch>();
        foreach (var batch in batches)
        {
            var error = Acknowledge(memberId, batch, now, changed);
            if (error == ErrorCode.None)
                continue;
            _ranges = before;
            return error;
        }

        change = Complete(changed);
        return ErrorCode.None;
    }

    /// <summary>A member gives back all that it has. What is to be stored; null for nothing.</summary>
    public StateChange? Release(string memberId) => Release(range => range.Owner == memberId);

    /// <summary>Who had records for too long loses them. What is to be stored; null for nothing.</summary>
    public StateChange? Expire(Instant now) => Release(range => range.LockEnd <= now);

    private StateChange? Release(Func<RecordRange, bool> isMeant)
    {
        var changed = new List<StateBatch>();
        _ranges.Change(StartOffset, EndOffset - 1, range =>
        {
            if (range.State != RecordState.Acquired || !isMeant(range))
                return range;
            var released = range.Release(Settings.DeliveryCountLimit);
            Note(changed, released);
            return released;
        });
        return Complete(changed);
    }

    private ErrorCode Acknowledge(
        string memberId, in AcknowledgementBatch batch, Instant now, List<StateBatch> changed)
    {
        if (batch.LastOffset < StartOffset)
            return ErrorCode.None;
        if (batch.LastOffset >= EndOffset)
            return ErrorCode.InvalidRequest;
        var first = Math.Max(batch.FirstOffset, StartOffset);
        while (first <= batch.LastOffset)
        {
            var type = batch.TypeOf(first);
            var last = batch.Types.Count == 1 ? batch.LastOffset : first;
            while (last < batch.LastOffset && batch.TypeOf(last + 1) == type)
                last++;
            var error = Acknowledge(memberId, first, last, range => After(type, range, now), changed);
            if (error != ErrorCode.None)
                return error;
            first = last + 1;
        }

        return ErrorCode.None;
    }

    private ErrorCode Acknowledge(
        string memberId, long first, long last, Func<RecordRange, RecordRange?> after, List<StateBatch> changed)
    {
        var error = ErrorCode.None;
        _ranges.Change(first, last, range =>
        {
            if (range.State != RecordState.Acquired || range.Owner != memberId)
                error = ErrorCode.InvalidRecordState;
            else if (after(range) is not { } next)
                error = ErrorCode.InvalidRequest;
            else if (next.State == RecordState.Acquired)
                return next;
            else
                return Note(changed, next);
            return range;
        });
        return error;
    }

    /// <summary>Null where renewing is switched off.</summary>
    private RecordRange? After(AcknowledgeType type, in RecordRange range, Instant now) => type switch
    {
        AcknowledgeType.Accept => range.End(RecordState.Acknowledged),
        AcknowledgeType.Release => range.Release(Settings.DeliveryCountLimit),
        AcknowledgeType.Renew when Settings.AllowsRenewal => range with { LockEnd = now + Settings.LockDurationMs },
        AcknowledgeType.Renew => null,
        _ => range.End(RecordState.Archived),
    };

    private static RecordRange Note(List<StateBatch> changed, in RecordRange range)
    {
        var batch = new StateBatch(range.First, range.Last, range.State, range.DeliveryCount);
        if (changed.Count > 0 && changed[^1].IsGoneOnBy(batch))
            changed[^1] = changed[^1] with { LastOffset = batch.LastOffset };
        else
            changed.Add(batch);
        return range;
    }

    /// <summary>
    /// Tells what changed, with the start from before, as Kafka does: where the start is after that, the changed
    /// batches say.
    /// </summary>
    private StateChange? Complete(List<StateBatch> changed)
    {
        var start = StartOffset;
        var done = 0L;
        foreach (var range in _ranges.All)
            done += range.IsDone ? range.Count : 0;
        _ranges.Join();
        return changed.Count == 0 ? null : new StateChange(start, (int)Math.Min(done, int.MaxValue), changed);
    }
}
