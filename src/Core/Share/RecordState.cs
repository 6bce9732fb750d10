namespace Millrace.Core.Share;

/// <summary>What has become of a record in a share group (KIP-932), by Kafka's numbers.</summary>
internal enum RecordState : sbyte
{
    /// <summary>May be acquired.</summary>
    Available = 0,

    /// <summary>A member has it, until its lock ends. Never stored.</summary>
    Acquired = 1,

    /// <summary>Accepted; not delivered again.</summary>
    Acknowledged = 2,

    /// <summary>Rejected, delivered too often, or not in the log; not delivered again.</summary>
    Archived = 4,
}
