using Millrace.Protocol.Wire;

namespace Millrace.Core.Log.Verification;

/// <summary>Whether a topic's log may lack offsets because it is compacted.</summary>
internal enum Cleaning
{
    /// <summary>Its settings are not at hand.</summary>
    Unknown,

    /// <summary>Offsets follow each other without a gap.</summary>
    Never,

    Compacts,
}

/// <summary>What the data directory says about a partition outside its folder.</summary>
internal sealed record PartitionFacts
{
    public required string Folder { get; init; }

    public Cleaning Cleaning { get; init; }

    /// <summary>From the metadata log; zero where that is not at hand.</summary>
    public Uuid TopicId { get; init; }

    /// <summary>The metadata log was read and knows no such topic.</summary>
    public bool IsStray { get; init; }

    /// <summary>A process holds the directory: files change while they are read.</summary>
    public bool IsInUse { get; init; }

    /// <summary>The last process closed its logs, so that nothing is left for a recovery.</summary>
    public bool WasClosed { get; init; }

    /// <summary>Up to where the log is on stable storage; -1 where that is not known.</summary>
    public long RecoveryPoint { get; init; } = -1;

    /// <summary>-1 where no checkpoint names it; likewise the others.</summary>
    public long LogStartOffset { get; init; } = -1;

    public long HighWatermark { get; init; } = -1;

    public long CleanerOffset { get; init; } = -1;

    /// <summary>Below it cleaning may have taken offsets away; -1 where no file says so.</summary>
    public long GapsBelow { get; init; } = -1;

    public bool IsMetadataLog => Folder == "__cluster_metadata-0";

    /// <summary>
    /// How bad it is that what is derived from the log does not match it: the active segment's is made again after an
    /// unclean stop.
    /// </summary>
    public Severity Derived(bool isActive) => isActive && !WasClosed ? Severity.Warning : Severity.Error;
}

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
