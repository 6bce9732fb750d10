using Millrace.Core.Model;

namespace Millrace.Core.Share;

/// <summary>Neighbouring offsets of a share partition that fared alike; the last is included.</summary>
/// <param name="First">The first offset.</param>
/// <param name="Last">The last offset.</param>
/// <param name="State">What has become of them.</param>
/// <param name="DeliveryCount">How often they were acquired.</param>
/// <param name="Owner">The member that has acquired them; null in every other state.</param>
/// <param name="LockEnd">When it loses them.</param>
internal readonly record struct RecordRange(
    long First, long Last, RecordState State, short DeliveryCount, string? Owner, Instant LockEnd)
{
    /// <summary>Nobody will get them any more.</summary>
    public bool IsDone => State is RecordState.Acknowledged or RecordState.Archived;

    public long Count => Last - First + 1;

    public static RecordRange Unowned(long first, long last, RecordState state, short deliveryCount) =>
        new(first, last, state, deliveryCount, null, Instant.Never);

    /// <summary>Whether the next one fared alike.</summary>
    public bool IsGoneOnBy(in RecordRange next) => this with { First = next.First, Last = next.Last } == next;

    public RecordRange Acquire(string member, Instant lockEnd) => this with
    {
        State = RecordState.Acquired,
        DeliveryCount = (short)Math.Min(DeliveryCount + 1, short.MaxValue),
        Owner = member,
        LockEnd = lockEnd,
    };

    /// <summary>Available again, or archived if it was delivered as often as may be.</summary>
    public RecordRange Release(int deliveryCountLimit) =>
        End(DeliveryCount < deliveryCountLimit ? RecordState.Available : RecordState.Archived);

    /// <summary>Nobody's any more.</summary>
    public RecordRange End(RecordState state) => Unowned(First, Last, state, DeliveryCount);
}
