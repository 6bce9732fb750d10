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
        bool isDirty = _facts.Cleaning == Cleaning.Compacts && _facts.WasClosed && first >= _facts.CleanerOffset;
        if (_facts.Cleaning != Cleaning.Never && !isDirty)
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
                ? "Restore them from a replica or a copy; if the topic was compacted earlier, nothing is wrong."
                : "A segment may be missing: restore it from a replica or a copy.",
            Place.At(position, first, last));
    }
}
