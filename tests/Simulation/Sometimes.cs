namespace Millrace.Simulation;

/// <summary>Rare paths that a suite of seeds must have gone.</summary>
internal enum Rare
{
    TornTailCut,
    HoleInUnflushedBytes,
    CrashDuringRoll,
    CrashDuringRecovery,
    RenameLost,
    CreationLost,
    DiskFullRefused,
    DiskFullResumed,
    FailedFlush,
    FailedWrite,
    FailedRead,
    DuplicateFenced,
    RetentionMovedStart,
    IndexLost,
    IndexRebuilt,
    SnapshotLost,
    PowerCut,
    Kill,
    CleanStop,
    UnacknowledgedRecordLost,
    TopicDeleted,
    TopicRecreated,
    OffsetsCommitted,
    GroupRebalanced,
    ConsumerGroupReconciled,
    PartitionRevoked,
    ConnectionLost,
    AppendDuringFlush,
    BitFlipped,
    DamageToldAndPassed,
    RecordsDeleted,
    TransactionCommitted,
    TransactionAborted,
    CopierFenced,
    ShareAcknowledged,
    ShareDrained,
}

/// <summary>How often each rare path was gone.</summary>
internal sealed class Sometimes
{
    private readonly int[] _counts = new int[Enum.GetValues<Rare>().Length];

    public int this[Rare path] => _counts[(int)path];

    public void Count(Rare path) => _counts[(int)path]++;

    public void Add(Sometimes other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
    }

    public override string ToString() =>
        string.Join('\n', Enum.GetValues<Rare>().Select(path => $"{this[path],9}  {path}"));
}
