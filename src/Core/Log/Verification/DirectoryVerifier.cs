using Millrace.Core.Model;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Verifies a data directory, or one partition or file of it, and changes nothing. Used once, on one thread; memory
/// does not grow with the logs.
/// </summary>
/// <param name="disk">The data directory.</param>
/// <param name="isInUse">A process holds it.</param>
/// <param name="report">Is told of every finding as it comes.</param>
/// <param name="progress">Is shown what has been read so far, often.</param>
internal sealed class DirectoryVerifier(
    IDisk disk, bool isInUse, Action<Finding> report, Action<VerificationSummary> progress)
{
    public const string RecoveryPoint = "recovery-point-offset-checkpoint";
    private const string CleanShutdown = ".kafka_cleanshutdown";
    private const string MetaProperties = "meta.properties";

    private readonly Dictionary<string, Dictionary<TopicPartition, long>> _checkpoints = [];

    public Findings Findings { get; } = new(report);

    public VerificationSummary Summary { get; } = new();

    public void RunAll()
    {
        if (isInUse)
        {
            Findings.Of("").Note("in-use", "A process has the directory open: what it is writing at this moment may be "
                + "half there, at the end of the logs.", "For a verdict on the tails stop it first.");
        }

        string[] names = [.. disk.List("").Order(StringComparer.Ordinal)];
        TopicFacts topics = ReadFacts();
        MetaPropertiesCheck.Check(disk, isInUse, Findings.Of(MetaProperties));
        Findings.EndPartition();
        var folders = new HashSet<TopicPartition>();
        foreach (string name in names)
        {
            if (LogFileName.TryParseFolder(name, out TopicPartition partition) && IsFolder(name))
            {
                folders.Add(partition);
                RunFolder(name, topics);
            }
            else
            {
                NameOther(name);
            }
        }

        NameUnknownPartitions(folders);
        Findings.EndPartition();
    }

    /// <summary>Verifies one partition; with a base offset only that segment.</summary>
    public void RunPartition(string folder, long onlySegment = -1) => RunFolder(folder, ReadFacts(), onlySegment);

    private TopicFacts ReadFacts()
    {
        foreach (string name in (string[])
        [
            RecoveryPoint, OffsetCheckpoint.LogStart, OffsetCheckpoint.HighWatermark, OffsetCheckpoint.Cleaner,
            OffsetCheckpoint.Gaps,
        ])
        {
            if (disk.Exists(name))
                _checkpoints[name] = ReadCheckpoint(name);
        }

        return TopicFacts.Read(disk);
    }

    private void RunFolder(string folder, TopicFacts topics, long onlySegment = -1)
    {
        _ = LogFileName.TryParseFolder(folder, out TopicPartition partition);
        string topic = partition.Topic ?? "";
        Cleaning cleaning = topics.CleaningOf(topic);
        long cleaner = OffsetIn(OffsetCheckpoint.Cleaner, partition);
        bool isMetadata = folder == TopicFacts.MetadataFolder;
        var facts = new PartitionFacts
        {
            Folder = folder,
            Cleaning = cleaning == Cleaning.Unknown && cleaner >= 0 ? Cleaning.Compacts : cleaning,
            TopicId = topics.IdOf(topic),
            IsStray = topics.IsKnown && !isMetadata && topics.IdOf(topic).IsZero,
            IsInUse = isInUse,
            WasClosed = !isInUse && disk.Exists(CleanShutdown),
            RecoveryPoint = OffsetIn(RecoveryPoint, partition, whereNoLine: isMetadata ? -1 : 0),
            LogStartOffset = OffsetIn(OffsetCheckpoint.LogStart, partition),
            HighWatermark = OffsetIn(OffsetCheckpoint.HighWatermark, partition),
            CleanerOffset = cleaner,
            GapsBelow = OffsetIn(OffsetCheckpoint.Gaps, partition, whereNoLine: 0),
        };
        new PartitionVerifier(disk, facts, Findings, progress).Run(Summary, onlySegment);
    }

    private long OffsetIn(string checkpoint, TopicPartition partition, long whereNoLine = -1) =>
        _checkpoints.TryGetValue(checkpoint, out Dictionary<TopicPartition, long>? offsets)
            ? offsets.GetValueOrDefault(partition, whereNoLine)
            : -1;

    private Dictionary<TopicPartition, long> ReadCheckpoint(string name)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        FileFindings findings = Findings.Of(name);
        if (!TextFiles.TryRead(disk, name, fields: 3, isInUse, findings, out List<string[]> lines))
            return offsets;
        foreach (string[] line in lines)
        {
            if (!int.TryParse(line[1], out int partition) || !long.TryParse(line[2], out long offset) || offset < 0)
            {
                findings.Error(
                    name, $"'{string.Join(' ', line)}' is no topic, partition and offset.",
                    "Correct the line while the broker is stopped.");
            }
            else if (!offsets.TryAdd(new TopicPartition(line[0], partition), offset))
            {
                findings.Error(name, $"{line[0]}-{partition} stands twice in the file.",
                    "Keep one of the lines; delete the other while the broker is stopped.");
            }
        }

        return offsets;
    }

    private bool IsFolder(string name)
    {
        try
        {
            disk.List(name);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void NameOther(string name)
    {
        FileFindings findings = Findings.Of(name);
        if (name.EndsWith("-delete", StringComparison.Ordinal))
            findings.Note("leftover", "The folder of a deleted partition; it goes when its delay has passed.");
        else if (name.EndsWith("-stray", StringComparison.Ordinal))
            findings.Note("leftover", "The folder of a partition that the cluster did not know.", "Delete it by hand.");
        else if (name.EndsWith("-future", StringComparison.Ordinal))
            findings.Note("leftover", "A partition that was being moved here from another data directory.");
        else if (name.EndsWith(".tmp", StringComparison.Ordinal))
            findings.Note("leftover", "A file that was not written to its end; nobody reads it.");
        else if (!_checkpoints.ContainsKey(name)
            && name is not (MetaProperties or CleanShutdown or ".lock" or "bootstrap.checkpoint" or "lost+found"))
            findings.Note("unknown-file", "Neither the folder of a partition nor a file of a data directory.");
    }

    private void NameUnknownPartitions(HashSet<TopicPartition> folders)
    {
        foreach ((string name, Dictionary<TopicPartition, long> offsets) in _checkpoints)
        {
            foreach ((TopicPartition partition, long offset) in offsets.Where(pair => !folders.Contains(pair.Key)))
            {
                bool mayBeLost = name == RecoveryPoint && offset > 0 && !isInUse;
                Findings.Of(name).Add(mayBeLost ? Severity.Warning : Severity.Note, "no-folder",
                    $"The file has offset {offset} for {partition}, which has no folder here.",
                    "If its topic was not deleted, the folder is lost.");
            }
        }
    }
}

/// <summary>What a verification has looked at. Counted up while it runs, on its thread.</summary>
internal sealed class VerificationSummary
{
    public long Partitions { get; set; }

    public long Segments { get; set; }

    public long Batches { get; set; }

    public long Records { get; set; }

    /// <summary>Of log files.</summary>
    public long Bytes { get; set; }

    /// <summary>Of the partition that is being verified.</summary>
    public string Folder { get; set; } = "";
}
