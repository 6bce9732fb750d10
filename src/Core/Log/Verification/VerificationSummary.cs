namespace Millrace.Core.Log.Verification;

/// <summary>What a verification has looked at. Counted up while it runs, on its thread.</summary>
internal sealed class VerificationSummary
{
    public long Partitions { get; set; }

    public long Segments { get; set; }

    public long Batches { get; set; }

    public long Records { get; set; }

    /// <summary>Of log files.</summary>
    public long Bytes { get; set; }

    /// <summary>Of the partition's log, while it is verified; what stands for its end behind the last batch.</summary>
    public string Folder { get; set; } = "";
}
