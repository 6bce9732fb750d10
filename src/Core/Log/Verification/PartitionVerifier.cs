using Millrace.Protocol.Wire;

namespace Millrace.Core.Log.Verification;

/// <summary>Verifies the folder of one partition: every file in it, and the segments one after the other.</summary>
internal sealed class PartitionVerifier(
    IDisk disk, PartitionFacts facts, Findings findings, Action<VerificationSummary> progress)
{
    private const string MetadataFile = "partition.metadata";
    private const string StrayAdvice = "The next start renames the folder to NAME.TOPICID-stray.";

    /// <summary>Verifies all of it, or only the segment with this base offset.</summary>
    public void Run(VerificationSummary summary, long onlySegment = -1)
    {
        summary.Partitions++;
        summary.Folder = facts.Folder;
        LogFileName[] files;
        try
        {
            files = [.. disk.List(facts.Folder).Order(StringComparer.Ordinal).Select(LogFileName.Parse)];
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, facts.IsInUse, findings.Of(facts.Folder));
            return;
        }

        NameLeftovers(files);
        CheckMetadata(files);
        var checks = new PartitionChecks(disk, facts, Offsets(files, LogFileKind.ProducerSnapshot), findings, progress);
        long[] bases = [.. Offsets(files, LogFileKind.Log)];
        NameOrphans(files, bases);
        RunSegments(checks, files, bases, summary, onlySegment);
        if (onlySegment < 0)
            CheckEnds(checks, bases);
        if (facts.IsMetadataLog)
            CheckMetadataSnapshots(files, bases, checks.State.NextOffset);
        findings.EndPartition();
    }

    private void RunSegments(
        PartitionChecks checks, LogFileName[] files, long[] bases, VerificationSummary summary, long onlySegment)
    {
        var names = files.Select(file => file.Name).ToHashSet();
        for (int i = 0; i < bases.Length; i++)
        {
            var segment = new SegmentFacts(facts, bases[i], i + 1 < bases.Length ? bases[i + 1] : -1);
            if (onlySegment >= 0 && bases[i] != onlySegment)
                continue;
            if (checks.State.NextOffset < 0)
                BeginProducers(checks, bases[i]);
            new SegmentVerifier(checks, segment, names).Run(summary);
        }

        long end = Math.Max(checks.State.NextOffset, 0);
        if (onlySegment >= 0)
            return;
        checks.Snapshots.End(end, !checks.State.HasDamagedTail);
        checks.Epochs.End(end, !checks.State.HasDamagedTail);
        if (checks.State.Gaps > 0)
        {
            findings.Of(facts.Folder).Note("gaps",
                (checks.State.MissingOffsets == 1 ? "1 offset is" : $"{checks.State.MissingOffsets} offsets are")
                + $" missing in {checks.State.Gaps} {(checks.State.Gaps == 1 ? "gap" : "gaps")}, "
                + (facts.Cleaning == Cleaning.Compacts ? "as in a compacted topic."
                    : "which is right if the topic is or was compacted: its settings are not at hand."),
                place: Place.Offsets(checks.State.FirstGap, checks.State.LastGap));
        }
    }

    /// <summary>At offset 0 there is no producer yet; later a snapshot names them.</summary>
    private void BeginProducers(PartitionChecks checks, long offset)
    {
        try
        {
            if (offset == 0)
                checks.Producers.Begin([]);
            else if (checks.Snapshots.ReadAt(offset) is { } producers)
                checks.Producers.Begin(producers);
        }
        catch (IOException)
        {
            // The check of the snapshot itself tells of it.
        }
    }

    private void NameLeftovers(LogFileName[] files)
    {
        foreach (LogFileName file in files)
        {
            FileFindings found = findings.Of($"{facts.Folder}/{file.Name}");
            if (file.Kind == LogFileKind.Unknown)
                found.Note("unknown-file", "The file is none of a log.");
            else if (file.Kind == LogFileKind.Leftover)
                found.Note("leftover", Meaning(file.Name));
        }
    }

    private static string Meaning(string name) => name[name.LastIndexOf('.')..] switch
    {
        ".deleted" => "The file was deleted or replaced; it goes when its delay has passed, or at the next start.",
        ".swap" => "A cleaned segment that was about to replace others; the next start finishes that.",
        ".cleaned" => "A segment that was being cleaned; the next start removes it.",
        _ => "A file that was not written to its end; the next start removes it.",
    };

    private void NameOrphans(LogFileName[] files, long[] bases)
    {
        var known = bases.ToHashSet();
        foreach (LogFileName file in files.Where(file => file.Kind
            is LogFileKind.OffsetIndex or LogFileKind.TimeIndex or LogFileKind.TransactionIndex))
        {
            if (!known.Contains(file.Offset))
            {
                findings.Of($"{facts.Folder}/{file.Name}").Warning("orphan", "There is no log file for this index.",
                    "The log file may have been lost: see whether offsets are missing. If not, delete the index "
                    + "while the broker is stopped.");
            }
        }
    }

    private void CheckMetadata(LogFileName[] files)
    {
        FileFindings found = findings.Of($"{facts.Folder}/{MetadataFile}");
        if (!Array.Exists(files, file => file.Name == MetadataFile))
        {
            if (!facts.TopicId.IsZero)
                found.Warning(MetadataFile, "The file is missing.", "It is made again at the next start.");
            return;
        }

        if (!TextFiles.TryReadText(disk, found.File, facts.IsInUse, found, out string text))
            return;
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines is not ["version: 0", var line] || !line.StartsWith("topic_id: ", StringComparison.Ordinal)
            || !Uuid.TryParse(line.AsSpan("topic_id: ".Length).Trim(), out Uuid id) || id.IsZero)
        {
            found.Error(MetadataFile, "The file does not hold a version and the topic's id.",
                facts.TopicId.IsZero ? "Delete it while the broker is stopped: it is made again."
                    : $"By the metadata log the id is {facts.TopicId}.");
        }
        else if (!facts.TopicId.IsZero && id != facts.TopicId)
        {
            found.Error(MetadataFile, $"The folder is of the topic with id {id}; by the metadata log that name now "
                + $"belongs to {facts.TopicId}.", "It is of a deleted topic of the same name: move it away.");
        }
    }

    /// <summary>What the checkpoints of the data directory say of the partition, against where its log begins and ends.
    /// </summary>
    private void CheckEnds(PartitionChecks checks, long[] bases)
    {
        if (bases.Length == 0)
        {
            findings.Of(facts.Folder).Add(facts.RecoveryPoint > 0 ? Severity.Error : Severity.Warning, "no-log",
                "The folder holds no log file.", facts.RecoveryPoint > 0 ? "Restore it from a copy."
                    : facts.IsStray ? StrayAdvice
                    : "The next start makes an empty one.");
            return;
        }

        if (facts.IsStray)
        {
            findings.Of(facts.Folder).Warning("stray", "The metadata log knows no such topic.",
                $"It is of a deleted topic, or of another cluster. {StrayAdvice}");
        }

        long end = checks.State.NextOffset;
        Severity severity = facts.WasClosed ? Severity.Error : Severity.Warning;
        NotBehind("recovery-point-offset-checkpoint", facts.RecoveryPoint, end,
            facts.IsInUse ? Severity.Warning : Severity.Error,
            "What was on stable storage is missing: restore it from a copy.");
        NotBehind(OffsetCheckpoint.LogStart, facts.LogStartOffset, end, severity,
            "The whole log counts as deleted; correct the line while the broker is stopped.");
        NotBehind(OffsetCheckpoint.HighWatermark, facts.HighWatermark, end, severity,
            "The high watermark is lowered to the log's end at the next start.");
        NotBehind(OffsetCheckpoint.Cleaner, facts.CleanerOffset, end, severity,
            "Cleaning begins anew; correct or delete the line while the broker is stopped.");
        if (facts.LogStartOffset >= 0 && facts.LogStartOffset < bases[0])
        {
            findings.Of(OffsetCheckpoint.LogStart).Note(OffsetCheckpoint.LogStart, $"{facts.Folder} starts at "
                + $"{facts.LogStartOffset} by the file; its first segment begins at {bases[0]}, which counts.");
        }
    }

    private void NotBehind(string file, long offset, long end, Severity severity, string advice)
    {
        if (offset > end)
        {
            findings.Of(file).Add(severity, file,
                $"{facts.Folder} has {offset} in the file, and its log ends at {end}.", advice,
                Place.Offsets(end, offset));
        }
    }

    private void CheckMetadataSnapshots(LogFileName[] files, long[] bases, long end)
    {
        long newest = -1;
        foreach (LogFileName file in files.Where(file => file.Kind == LogFileKind.MetadataSnapshot))
        {
            FileFindings found = findings.Of($"{facts.Folder}/{file.Name}");
            if (!MetadataSnapshotCheck.Check(disk, facts, found))
                continue;
            newest = Math.Max(newest, file.Offset);
            if (file.Offset > end && end >= 0 && !facts.IsInUse)
            {
                found.Warning("metadata-snapshot", $"The snapshot is of offset {file.Offset}, and the log ends at "
                    + $"{end}.", "The log goes on at the snapshot's offset.");
            }
        }

        if (bases is [> 0 and var start, ..] && newest < start)
        {
            findings.Of(facts.Folder).Error("metadata-snapshot", $"The log begins at offset {start}, and no snapshot "
                + "holds what was before.", "Restore the folder from a copy.",
                Place.Offsets(0, start - 1));
        }
    }

    private static IEnumerable<long> Offsets(LogFileName[] files, LogFileKind kind) =>
        files.Where(file => file.Kind == kind).Select(file => file.Offset).Order();
}
