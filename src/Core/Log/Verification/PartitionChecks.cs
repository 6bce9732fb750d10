namespace Millrace.Core.Log.Verification;

/// <summary>The checks that go through a partition from its first segment to its last.</summary>
internal sealed class PartitionChecks
{
    private readonly PartitionFacts _facts;

    public PartitionChecks(
        IDisk disk, PartitionFacts facts, IEnumerable<long> snapshots, Findings findings,
        Action<VerificationSummary> progress)
    {
        _facts = facts;
        (Disk, Findings, Progress) = (disk, findings, progress);
        Producers = new ProducerCheck(facts);
        Epochs = new EpochCheck(disk, facts, findings);
        Snapshots = new SnapshotCheck(disk, facts, snapshots, Producers, findings);
    }

    public IDisk Disk { get; }

    public Findings Findings { get; }

    public Action<VerificationSummary> Progress { get; }

    public LogState State { get; } = new();

    public ProducerCheck Producers { get; }

    public EpochCheck Epochs { get; }

    public SnapshotCheck Snapshots { get; }

    /// <summary>Offsets are missing between two good batches: cleaning may take them away, and nothing else.</summary>
    public void Gap(long first, long last, long position, bool isInside, FileFindings findings)
    {
        Producers.Gap(last);
        bool isKnown = _facts.GapsBelow >= Math.Max(_facts.CleanerOffset, 0);
        bool isDirty = _facts.Cleaning == Cleaning.Compacts
            && (isKnown ? last >= _facts.GapsBelow : _facts.WasClosed && first >= _facts.CleanerOffset);
        bool wasCleaned = isKnown && last < _facts.GapsBelow;
        if (wasCleaned || (_facts.Cleaning != Cleaning.Never && !isDirty))
        {
            State.Gaps++;
            State.MissingOffsets += last - first + 1;
            State.FirstGap = State.FirstGap < 0 ? first : State.FirstGap;
            State.LastGap = last;
            return;
        }

        findings.Error(isInside ? "batch-gap" : "segment-gap", $"Offsets {first} to {last} are missing"
            + (isDirty ? ", where the log has not been cleaned yet." : " in a topic that is not compacted."),
            isInside
                ? "Restore them from a copy; if the topic was compacted earlier, nothing is wrong."
                : "A segment may be missing: restore it from a copy.",
            Place.At(position, first, last));
    }
}

/// <summary>Where the verification of one partition's log stands between two segments.</summary>
internal sealed class LogState
{
    /// <summary>The offset that the next batch should begin with; -1 before the first segment.</summary>
    public long NextOffset { get; set; } = -1;

    /// <summary>The log ends in damage: where it really ended is not known.</summary>
    public bool HasDamagedTail { get; set; }

    /// <summary>The log is damaged somewhere.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>Offsets that cleaning took away, in so many gaps.</summary>
    public long MissingOffsets { get; set; }

    public long Gaps { get; set; }

    public long FirstGap { get; set; } = -1;

    public long LastGap { get; set; } = -1;
}
