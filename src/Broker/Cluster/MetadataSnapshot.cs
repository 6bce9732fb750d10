using System.Globalization;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>Which snapshot: it holds all below an offset of the log, as of a leader epoch.</summary>
internal readonly record struct SnapshotId(Offset EndOffset, LeaderEpoch Epoch) : IComparable<SnapshotId>
{
    public const string Suffix = ".checkpoint";

    private const int OffsetDigits = 20;

    /// <summary>That of a new cluster, which holds what the log begins with.</summary>
    public static readonly SnapshotId Bootstrap = new(Offset.Zero, LeaderEpoch.Zero);

    public string Path => $"{LocalMetadataLog.Folder}/{EndOffset.Value:D20}-{Epoch.Value:D10}{Suffix}";

    /// <summary>Reads a file's name; false where it is of no snapshot.</summary>
    public static bool TryParse(string name, out SnapshotId id)
    {
        id = default;
        if (!name.EndsWith(Suffix, StringComparison.Ordinal)
            || name.Length != OffsetDigits + 1 + 10 + Suffix.Length
            || !long.TryParse(
                name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !int.TryParse(
                name.AsSpan(OffsetDigits + 1, 10), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
            return false;
        id = new SnapshotId(new Offset(offset), new LeaderEpoch(epoch));
        return true;
    }

    public int CompareTo(SnapshotId other) =>
        (EndOffset, Epoch.Value).CompareTo((other.EndOffset, other.Epoch.Value));
}

/// <summary>
/// A metadata snapshot (KIP-630): a file of batches whose offsets count from 0. A header, records that make the image,
/// a footer. 1. A file of that name is whole: it gets the name when all of it is on stable storage.
/// </summary>
internal static class MetadataSnapshot
{
    private const string Unfinished = ".part";
    private const int RecordsABatch = 1000;

    /// <summary>What the snapshot holds; null where the file is not whole and sound.</summary>
    public static LoadedMetadata? TryRead(IDisk disk, SnapshotId id)
    {
        var bytes = DiskFiles.ReadAll(disk, id.Path);
        var loaded = new LoadedMetadata();
        var batches = RecordBatch.Enumerate(bytes);
        while (batches.MoveNext())
        {
            if (!loaded.TryAdd(batches.Current))
                return null;
        }

        return loaded.IsWhole && batches.Rest.IsEmpty ? loaded : null;
    }

    /// <exception cref="IOException">It could not be written: what was there before is in force.</exception>
    public static void Write(
        IDisk disk, SnapshotId id, IEnumerable<IMessage> records, LoadedMetadata quorum, Instant now)
    {
        var temporary = id.Path + Unfinished;
        using (var file = DiskFiles.Replace(disk, temporary, []))
        {
            var output = new Output(file, id.Epoch);
            output.Write(control: true, batch =>
            {
                var header = new SnapshotHeaderRecord { LastContainedLogTimestamp = quorum.LastTimestamp };
                ControlRecord.Append(batch, now.Milliseconds, ControlRecordType.SnapshotHeader, header);
                if (quorum.KRaftVersion == 0 || quorum.Voters is not { } voters)
                    return;
                var version = new KRaftVersionRecord { KRaftVersion = quorum.KRaftVersion };
                ControlRecord.Append(batch, now.Milliseconds, ControlRecordType.KRaftVersion, version);
                ControlRecord.Append(batch, now.Milliseconds, ControlRecordType.KRaftVoters, voters);
            });
            foreach (var chunk in records.Chunk(RecordsABatch))
                output.Write(control: false, batch => LocalMetadataLog.Fill(batch, chunk, now));
            output.Write(control: true, batch => ControlRecord.Append(
                batch, now.Milliseconds, ControlRecordType.SnapshotFooter, new SnapshotFooterRecord()));
            file.Flush();
        }

        disk.Rename(temporary, id.Path);
        disk.FlushDirectory(LocalMetadataLog.Folder);
    }

    /// <summary>The snapshots that are there, oldest first. What was not finished goes.</summary>
    public static List<SnapshotId> Find(IDisk disk)
    {
        var found = new List<SnapshotId>();
        foreach (var name in disk.List(LocalMetadataLog.Folder))
        {
            if (SnapshotId.TryParse(name, out var id))
                found.Add(id);
            else if (name.Contains(SnapshotId.Suffix, StringComparison.Ordinal)
                && (name.EndsWith(Unfinished, StringComparison.Ordinal)
                    || name.EndsWith(".deleted", StringComparison.Ordinal)))
                disk.Delete($"{LocalMetadataLog.Folder}/{name}");
        }

        found.Sort();
        return found;
    }

    /// <summary>Batches one behind the other.</summary>
    private sealed class Output(IDiskFile file, LeaderEpoch epoch)
    {
        private long _offset;
        private long _position;

        public void Write(bool control, Action<RecordBatchBuilder> fill)
        {
            using var batch = new RecordBatchBuilder
            {
                BaseOffset = _offset,
                PartitionLeaderEpoch = epoch.Value,
                IsControl = control,
            };
            fill(batch);
            var bytes = batch.Build();
            file.Write(_position, bytes);
            _position += bytes.Length;
            _offset += batch.Count;
        }
    }
}
