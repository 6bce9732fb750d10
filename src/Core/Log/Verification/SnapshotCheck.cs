namespace Millrace.Core.Log.Verification;

/// <summary>
/// Compares a partition's producer snapshots with what the log says at their offsets. Told the offset of every batch
/// before the producers move on to it.
/// </summary>
internal sealed class SnapshotCheck
{
    private const string Advice =
        "Delete the file while the broker is stopped: the producers are read from the log and an older snapshot.";

    private readonly IDisk _disk;
    private readonly PartitionFacts _facts;
    private readonly Findings _findings;
    private readonly ProducerCheck _producers;
    private readonly Queue<long> _offsets;

    public SnapshotCheck(
        IDisk disk, PartitionFacts facts, IEnumerable<long> offsets, ProducerCheck producers, Findings findings)
    {
        (_disk, _facts, _findings, _producers) = (disk, facts, findings, producers);
        _offsets = new Queue<long>(offsets.Order());
    }

    /// <summary>The producers as of the log's start, where a good snapshot holds them.</summary>
    public ProducerTrace[]? ReadAt(long offset) =>
        _offsets.Contains(offset) ? SnapshotFile.Read(_disk, PathOf(offset), out _) : null;

    /// <summary>The log goes on at an offset: what lies before it has been seen.</summary>
    public void Advance(long nextOffset)
    {
        while (_offsets.TryPeek(out long offset) && offset <= nextOffset)
            Compare(_offsets.Dequeue());
    }

    public void End(long endOffset, bool isWhole)
    {
        Advance(endOffset);
        while (_offsets.TryDequeue(out long offset))
        {
            FileFindings findings = _findings.Of(PathOf(offset));
            if (Read(offset, findings) is null || !isWhole || _facts.IsInUse)
                continue;
            findings.Add(_facts.Derived(isActive: true), "snapshot-offset",
                $"The snapshot is of offset {offset}, and the log ends at {endOffset}.", Advice);
        }
    }

    private string PathOf(long offset) => $"{_facts.Folder}/{offset:D20}.snapshot";

    private ProducerTrace[]? Read(long offset, FileFindings findings)
    {
        try
        {
            ProducerTrace[]? producers = SnapshotFile.Read(_disk, PathOf(offset), out string problem);
            if (producers is null)
                findings.Error("snapshot", problem, Advice);
            return producers;
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, _facts.IsInUse, findings);
            return null;
        }
    }

    private void Compare(long offset)
    {
        FileFindings findings = _findings.Of(PathOf(offset));
        if (Read(offset, findings) is not { } snapshot)
            return;
        foreach (ProducerTrace producer in snapshot)
        {
            if (Difference(producer, offset) is { } difference)
            {
                findings.Error("snapshot-producer", $"Producer {producer.ProducerId} {difference}.", Advice,
                    Place.Offsets(Math.Max(producer.LastOffset, -1), offset));
            }
        }

        if (!_producers.IsComplete || _producers.IsSparse)
            return;
        var named = snapshot.Select(producer => producer.ProducerId).ToHashSet();
        foreach (ProducerTrace open in _producers.Producers.Values.Where(
            producer => producer.TransactionFirstOffset >= 0 && !named.Contains(producer.ProducerId)))
        {
            findings.Error("snapshot-producer",
                $"Producer {open.ProducerId} is not in it, and has had a transaction open since offset "
                + $"{open.TransactionFirstOffset}.", Advice, Place.Offsets(open.TransactionFirstOffset, offset));
        }
    }

    private string? Difference(ProducerTrace said, long offset)
    {
        if (said.LastOffset >= offset)
            return $"has its last batch at offset {said.LastOffset}, behind the snapshot's own offset";
        if (!_producers.Producers.TryGetValue(said.ProducerId, out ProducerTrace? seen))
            return _producers is { IsComplete: true, IsSparse: false } ? "is not in the log" : null;
        if (said.Epoch != seen.Epoch)
            return $"has epoch {said.Epoch} in it and {seen.Epoch} in the log";
        if (_producers.IsSparse && said.LastOffset >= seen.LastOffset)
            return null;
        if (said.LastOffset != seen.LastOffset || said.LastSequence != seen.LastSequence)
            return $"ends at offset {said.LastOffset}, sequence {said.LastSequence} in it, and at {seen.LastOffset}, "
                + $"{seen.LastSequence} in the log";
        if (said.LastOffset >= 0 && said.OffsetDelta != seen.OffsetDelta)
            return $"has a last batch of {said.OffsetDelta + 1L} offsets in it, of {seen.OffsetDelta + 1L} in the log";
        if (said.TransactionFirstOffset != seen.TransactionFirstOffset && _producers.IsComplete)
            return $"has a transaction open from {said.TransactionFirstOffset} in it, and from "
                + $"{seen.TransactionFirstOffset} in the log";
        return said.LastTimestamp < seen.LastTimestamp
            ? $"was last heard at {said.LastTimestamp} in it and at {seen.LastTimestamp} in the log"
            : null;
    }
}

/// <summary>A file that could not be read.</summary>
internal static class Unreadable
{
    public static void Tell(IOException failure, bool isInUse, FileFindings findings)
    {
        if (isInUse && failure is FileNotFoundException or DirectoryNotFoundException)
            findings.Note("gone", "The file was deleted while the directory was read.");
        else
            findings.Error("unreadable", failure.Message, "Look at the disk and at the file's permissions.");
    }
}
