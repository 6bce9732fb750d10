namespace Millrace.Core.Share;

/// <summary>Records that a member got, how often they were delivered by now.</summary>
internal readonly record struct AcquiredRecords(long FirstOffset, long LastOffset, short DeliveryCount)
{
    public long Count => LastOffset - FirstOffset + 1;
}
