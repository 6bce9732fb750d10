namespace Millrace.Core.Log.Verification;

/// <summary>What is known of a segment before its files are read.</summary>
/// <param name="Partition">Whose segment it is.</param>
/// <param name="BaseOffset">From the file's name.</param>
/// <param name="NextBaseOffset">Of the next segment; -1 for the last.</param>
internal sealed record SegmentFacts(PartitionFacts Partition, long BaseOffset, long NextBaseOffset)
{
    public bool IsActive => NextBaseOffset < 0;

    /// <summary>A process may be appending at this moment.</summary>
    public bool IsGrowing => IsActive && Partition.IsInUse;

    /// <summary>Of a mismatch between the log and what is derived from it.</summary>
    public Severity Derived => Partition.Derived(IsActive);

    public string Path(string suffix) => $"{Partition.Folder}/{BaseOffset:D20}{suffix}";
}
