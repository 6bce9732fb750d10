namespace Millrace.Core.Share;

/// <summary>What became of neighbouring records, and how often they were delivered.</summary>
internal readonly record struct StateBatch(
    long FirstOffset, long LastOffset, RecordState State, short DeliveryCount)
{
    /// <summary>Whether the next says the same of the offsets that follow.</summary>
    public bool IsGoneOnBy(in StateBatch next) =>
        LastOffset + 1 == next.FirstOffset && State == next.State && DeliveryCount == next.DeliveryCount;
}
