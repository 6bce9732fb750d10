namespace Millrace.Connect.Changes;

/// <summary>Where a change comes from, for the source block of its envelope. Times are microseconds since 1970.
/// </summary>
internal struct SourcePosition
{
    public long CommitMicros { get; set; }

    public ulong Lsn { get; set; }

    /// <summary>End of the previous transaction; 0 before the first.</summary>
    public ulong LastCommitLsn { get; set; }

    public uint TransactionId { get; set; }

    /// <summary>The marker of a snapshot row; null for a streamed change.</summary>
    public string? Snapshot { get; set; }

    public string? Origin { get; set; }

    public ulong OriginLsn { get; set; }

    /// <summary>Order in the transaction over all tables and in its own; 0 without transaction metadata.</summary>
    public long TotalOrder { get; set; }

    public long CollectionOrder { get; set; }
}
