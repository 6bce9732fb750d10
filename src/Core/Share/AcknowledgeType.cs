namespace Millrace.Core.Share;

/// <summary>What a member says of a record that it has acquired, by Kafka's numbers.</summary>
internal enum AcknowledgeType : sbyte
{
    /// <summary>There is no record with this offset.</summary>
    Gap = 0,
    Accept = 1,
    Release = 2,
    Reject = 3,

    /// <summary>The member needs more time (KIP-1222).</summary>
    Renew = 4,
}
