using System.Globalization;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>
/// Opens what a directory holds. After a clean close the files are taken as they are. Otherwise everything from the
/// recovery point on is read again: lengths, checksums, ascending offsets; the log is cut at the first batch that
/// fails, and no batch behind a hole survives, for such a batch was never acknowledged as durable. What lies below the
/// recovery point was: it is never cut. A recovery point above the end is of another log and counts as 0.
/// </summary>
internal static class Recovery
{
    private const int ReadSize = 64 * 1024;

    /// <summary>The segments in order, at least one; the last is ready for appends.</summary>
    public static Segment[] OpenSegments(
        IDisk disk, string directory, LogSettings settings, Instant now, LogOpening opening, LeaderEpochs epochs)
    {
        Segment[] segments = OpenFrom(disk, directory, settings, now, opening, epochs);
        if (opening.CleanlyClosed || opening.RecoveryPoint <= segments[^1].NextOffset)
            return segments;
        foreach (Segment segment in segments)
            segment.Close();
        return OpenFrom(disk, directory, settings, now, opening with { RecoveryPoint = Offset.Zero }, epochs);
    }

    private static Segment[] OpenFrom(
        IDisk disk, string directory, LogSettings settings, Instant now, LogOpening opening, LeaderEpochs epochs)
    {
        long[] bases = FindSegments(disk, directory);
        var segments = new List<Segment>();
        for (int i = 0; i < bases.Length; i++)
        {
            var segment = new Segment(disk, directory, new Offset(bases[i]), now);
            segments.Add(segment);
            bool isLast = i == bases.Length - 1;
            // A flush that reached the next segment also reached the indexes of this one.
            if (!isLast && (opening.CleanlyClosed || bases[i + 1] < opening.RecoveryPoint.Value))
            {
                segment.Trust(new Offset(bases[i + 1]));
                continue;
            }

            if (opening.CleanlyClosed)
            {
                segment.LoadTail(settings.IndexIntervalBytes);
                continue;
            }

            bool isWhole = Scan(segment, settings, opening.RecoveryPoint, epochs);
            if (!isLast && (!isWhole || !Continues(segment, bases[i + 1], settings)))
            {
                ThrowIfFlushed(segment, opening.RecoveryPoint);
                foreach (long lost in bases[(i + 1)..])
                    DeleteSegment(disk, directory, lost, now);
                break;
            }
        }

        if (segments.Count == 0)
        {
            segments.Add(new Segment(disk, directory, opening.LogStartOffset, now));
            segments[0].StartEmpty();
        }

        return [.. segments];
    }

    /// <summary>The producers as of the end of the log: the newest good snapshot, and the batches behind it.</summary>
    public static void LoadProducers(IDisk disk, string directory, Segment[] segments, ProducerStates producers)
    {
        long end = segments[^1].NextOffset.Value;
        long loaded = segments[0].BaseOffset.Value;
        foreach (long offset in NumbersOf(disk, directory, ".snapshot").OrderDescending())
        {
            string path = SnapshotPath(directory, new Offset(offset));
            if (offset <= end && ProducerSnapshot.TryDecode(DiskFiles.ReadAll(disk, path), producers))
            {
                loaded = offset;
                break;
            }

            disk.Delete(path);
        }

        foreach (long stale in NumbersOf(disk, directory, ".snapshot"))
        {
            if (stale != loaded && segments.All(segment => segment.BaseOffset.Value != stale))
                disk.Delete(SnapshotPath(directory, new Offset(stale)));
        }

        Span<byte> window = stackalloc byte[BatchScanner.WindowSize];
        foreach (Segment segment in segments.Where(s => s.NextOffset.Value > loaded))
        {
            BatchScanner scanner = segment.Scan(0, window);
            while (scanner.MoveNext())
            {
                if (scanner.Header.BaseOffset >= loaded)
                    producers.Append(scanner.Header, new Instant(scanner.Header.MaxTimestamp));
            }
        }
    }

    public static string SnapshotPath(string directory, Offset offset) => $"{directory}/{offset.Value:D20}.snapshot";

    private static bool Continues(Segment segment, long nextBase, LogSettings settings) =>
        settings.Compact ? segment.NextOffset.Value <= nextBase : segment.NextOffset.Value == nextBase;

    /// <summary>
    /// Counts the good batches, cuts the file behind them, and says whether there was nothing to cut.
    /// </summary>
    private static bool Scan(Segment segment, LogSettings settings, Offset recoveryPoint, LeaderEpochs epochs)
    {
        segment.StartEmpty();
        long length = segment.File.Length;
        byte[] chunk = new byte[ReadSize];
        var scanner = new BatchScanner(segment.File, 0, length, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            RecordBatch batch = scanner.Header;
            if (batch.BaseOffset < segment.NextOffset.Value || batch.LastOffsetDelta < 0
                || batch.LastOffset - segment.BaseOffset.Value > int.MaxValue)
                break;
            if (batch.LastOffset >= recoveryPoint.Value && !IsCrcValid(segment.File, scanner.Position, batch, chunk))
                break;
            epochs.Assign(new LeaderEpoch(batch.PartitionLeaderEpoch), new Offset(batch.BaseOffset));
            segment.Note(batch, settings.IndexIntervalBytes);
        }

        if (segment.Size == length)
            return true;
        ThrowIfFlushed(segment, recoveryPoint);
        segment.File.Truncate(segment.Size);
        segment.File.Flush();
        return false;
    }

    /// <summary>A crash leaves no damage below the recovery point: a cut there would lose what is behind it.</summary>
    private static void ThrowIfFlushed(Segment segment, Offset recoveryPoint)
    {
        if (segment.NextOffset < recoveryPoint)
        {
            throw new IOException(
                $"{segment.Path}.log is damaged at position {segment.Size}, offset {segment.NextOffset}, and was sound "
                + $"up to offset {recoveryPoint}. Restore it from a copy; or, to go on with what lies before the "
                + $"damage, delete {RecoveryPoints.Path}.");
        }
    }

    private static bool IsCrcValid(IDiskFile file, long position, RecordBatch batch, byte[] chunk)
    {
        const int covered = 21;
        uint crc = 0;
        long end = position + batch.SizeInBytes;
        for (long at = position + covered; at < end;)
        {
            int count = file.Read(at, chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at)));
            if (count == 0)
                return false;
            crc = Crc32C.Append(crc, chunk.AsSpan(0, count));
            at += count;
        }

        return crc == batch.Crc;
    }

    private static long[] FindSegments(IDisk disk, string directory)
    {
        SwapFiles.Finish(disk, directory);
        foreach (string name in disk.List(directory))
        {
            if (name.EndsWith(".tmp", StringComparison.Ordinal) || name.EndsWith(".deleted", StringComparison.Ordinal))
                disk.Delete($"{directory}/{name}");
        }

        return [.. NumbersOf(disk, directory, ".log").Order()];
    }

    private static IEnumerable<long> NumbersOf(IDisk disk, string directory, string suffix) =>
        disk.List(directory)
            .Where(name => name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(name => long.TryParse(
                name.AsSpan(0, name.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
                out long number) ? number : -1)
            .Where(number => number >= 0);

    private static void DeleteSegment(IDisk disk, string directory, long baseOffset, Instant now)
    {
        var segment = new Segment(disk, directory, new Offset(baseOffset), now);
        segment.DeleteFiles();
    }
}
