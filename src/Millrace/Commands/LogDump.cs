using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Log.Verification;

namespace Millrace.Commands;

/// <summary>What a dump shows.</summary>
/// <param name="Records">The records too, not the batches alone.</param>
/// <param name="From">The first offset that is wanted.</param>
/// <param name="To">The last one.</param>
/// <param name="Bytes">How keys and values are shown.</param>
internal sealed record LogDumpOptions(bool Records, long From, long To, LogBytesFormat Bytes)
{
    /// <summary>Only what has offsets is wanted, and of it not all.</summary>
    public bool IsRange => From > 0 || To < long.MaxValue;
}

/// <summary>Dumps the files of a data directory, a partition or one file, in the order of their names.</summary>
internal sealed class LogDump(LogLocation location, LogDumpOptions options, LogDumpOutput output)
{
    private readonly LogDumpBatches _batches = new(options, output);

    public void Run()
    {
        if (location.File is { } file)
        {
            File(location.Folder, file);
        }
        else if (location.Folder is { } folder)
        {
            Folder(folder);
        }
        else
        {
            foreach (var name in Names(""))
            {
                if (LogFileName.TryParseFolder(name, out _))
                    Folder(name);
                else if (name.EndsWith("-checkpoint", StringComparison.Ordinal) || name == "meta.properties")
                    File(null, name);
            }
        }
    }

    private void Folder(string folder)
    {
        LogFileName[] files = [.. Names(folder).Select(LogFileName.Parse)];
        long[] bases = [.. files.Where(file => file.Kind == LogFileKind.Log).Select(file => file.Offset).Order()];
        foreach (var file in files.Where(file => file.Kind is not (LogFileKind.Leftover or LogFileKind.Unknown)))
        {
            var next = bases.FirstOrDefault(offset => offset > file.Offset, long.MaxValue);
            var isOfSegment = file.Kind is LogFileKind.Log or LogFileKind.OffsetIndex or LogFileKind.TimeIndex
                or LogFileKind.TransactionIndex;
            if (isOfSegment ? next > options.From && file.Offset <= options.To : !options.IsRange)
                File(folder, file.Name);
        }
    }

    private string[] Names(string folder) => [.. location.Disk.List(folder).Order(StringComparer.Ordinal)];

    private void File(string? folder, string name)
    {
        var path = folder is null ? name : $"{folder}/{name}";
        output.BeginFile(path, isHiddenIfEmpty: options.IsRange);
        var parsed = LogFileName.Parse(name.EndsWith(".deleted", StringComparison.Ordinal)
            ? name[..^".deleted".Length]
            : name);
        switch (parsed.Kind)
        {
            case LogFileKind.Log or LogFileKind.MetadataSnapshot:
                var isSnapshot = parsed.Kind == LogFileKind.MetadataSnapshot;
                using (var file = location.Disk.Open(path))
                    _batches.Dump(file, isSnapshot ? 0 : parsed.Offset, TopicOf(folder), isFiltered: !isSnapshot);
                break;
            case LogFileKind.OffsetIndex:
                OffsetIndexOf(path, parsed.Offset);
                break;
            case LogFileKind.TimeIndex:
                TimeIndexOf(path, parsed.Offset);
                break;
            case LogFileKind.TransactionIndex:
                TransactionIndexOf(path);
                break;
            case LogFileKind.ProducerSnapshot:
                Producers(path);
                break;
            default:
                Lines(path);
                break;
        }

        output.EndFile();
    }

    private static string TopicOf(string? folder) =>
        folder is not null && LogFileName.TryParseFolder(folder, out var partition) ? partition.Topic : "";

    private bool IsWanted(long offset) => offset >= options.From && offset <= options.To;

    private void OffsetIndexOf(string path, long baseOffset)
    {
        using var entries = new EntryReader(location.Disk.Open(path), OffsetIndex.EntrySize, mayEndInZeros: true);
        while (entries.MoveNext())
        {
            if (!IsWanted(baseOffset + entries.Int32(0)))
                continue;
            output.BeginEntry("offset");
            output.Field("offset", baseOffset + entries.Int32(0));
            output.Field("position", entries.Int32(4));
            output.EndEntry();
        }

        Rest(entries);
    }

    private void TimeIndexOf(string path, long baseOffset)
    {
        using var entries = new EntryReader(location.Disk.Open(path), TimeIndex.EntrySize, mayEndInZeros: true);
        while (entries.MoveNext())
        {
            if (!IsWanted(baseOffset + entries.Int32(8)))
                continue;
            output.BeginEntry("time");
            output.Field("timestamp", entries.Int64(0));
            output.Field("offset", baseOffset + entries.Int32(8));
            output.EndEntry();
        }

        Rest(entries);
    }

    private void TransactionIndexOf(string path)
    {
        using var entries = new EntryReader(
            location.Disk.Open(path), TransactionIndex.EntrySize, mayEndInZeros: false);
        while (entries.MoveNext())
        {
            if (entries.Int64(18) < options.From || entries.Int64(10) > options.To)
                continue;
            output.BeginEntry("transaction");
            output.Field("version", entries.Int32(0) >> 16);
            output.Field("producerId", entries.Int64(2));
            output.Field("firstOffset", entries.Int64(10));
            output.Field("lastOffset", entries.Int64(18));
            output.Field("lastStableOffset", entries.Int64(26));
            output.EndEntry();
        }

        Rest(entries);
    }

    private void Rest(EntryReader entries)
    {
        if (entries.Rest > 0)
            Damage(entries.Position, $"{entries.Rest} bytes are neither an entry nor zeros");
    }

    private void Damage(long position, string problem)
    {
        output.BeginEntry("damage");
        output.Field("position", position);
        output.Field("problem", problem);
        output.EndEntry();
    }

    private void Producers(string path)
    {
        if (SnapshotFile.Read(location.Disk, path, out var problem) is not { } producers)
        {
            Damage(0, problem);
            return;
        }

        foreach (var producer in producers)
        {
            output.BeginEntry("producer");
            output.Field("producerId", producer.ProducerId);
            output.Field("producerEpoch", producer.Epoch);
            output.Field("coordinatorEpoch", producer.CoordinatorEpoch);
            output.Field("currentTxnFirstOffset", producer.TransactionFirstOffset);
            output.Field("lastTimestamp", producer.LastTimestamp);
            if (producer.LastOffset >= 0)
            {
                output.Field("firstSequence", producer.FirstSequence);
                output.Field("lastSequence", producer.LastSequence);
                output.Field("lastOffset", producer.LastOffset);
                output.Field("offsetDelta", producer.OffsetDelta);
            }

            output.EndEntry();
        }
    }

    private void Lines(string path)
    {
        foreach (var line in DiskFiles.ReadLines(location.Disk, path))
        {
            output.BeginEntry("line");
            output.Field("line", line.TrimEnd('\r'));
            output.EndEntry();
        }
    }
}
