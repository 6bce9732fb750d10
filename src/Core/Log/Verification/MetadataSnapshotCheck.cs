using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// A snapshot of the metadata: batches like a log's, whose offsets count from 0, between a header and a footer record.
/// </summary>
internal static class MetadataSnapshotCheck
{
    private const string Advice =
        "Delete it if a newer snapshot, or the whole log, is there; else restore it from a copy.";

    public static bool Check(IDisk disk, PartitionFacts facts, FileFindings findings)
    {
        try
        {
            using IDiskFile file = disk.Open(findings.File);
            using var walk = new BatchWalk(file, file.Length, 0);
            return Walk(walk, facts, findings);
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, facts.IsInUse, findings);
            return false;
        }
    }

    private static bool Walk(BatchWalk walk, PartitionFacts facts, FileFindings findings)
    {
        long next = 0;
        int first = -1;
        int last = -1;
        bool isGood = true;
        while (walk.MoveNext())
        {
            if (walk.State != BatchState.Good)
            {
                findings.Error("metadata-snapshot", walk.State == BatchState.BadCrc
                    ? "The checksum of a batch is wrong."
                    : $"No batch stands in {walk.Next - walk.Position} bytes.", Advice, Place.At(walk.Position, next));
                isGood = false;
                continue;
            }

            RecordBatch batch = walk.Batch;
            if (isGood && batch.BaseOffset != next)
            {
                findings.Error("metadata-snapshot", $"A batch begins at {batch.BaseOffset}, the one before ends at "
                    + $"{next - 1}.", Advice, Place.At(walk.Position, batch.BaseOffset, batch.LastOffset));
                isGood = false;
            }

            RecordCheck.Check(batch, walk.IsInMemory, walk.Position, facts, findings);
            last = batch.IsControl ? ControlType(batch) : -1;
            first = walk.Position == 0 ? last : first;
            next = batch.LastOffset + 1;
            walk.LowestOffset = next;
        }

        if (isGood && (first != ControlRecord.SnapshotHeader || last != ControlRecord.SnapshotFooter))
        {
            findings.Error("metadata-snapshot", first != ControlRecord.SnapshotHeader
                ? "The file does not begin with a snapshot's header."
                : "The file does not end with a snapshot's footer: it was not written to its end.", Advice);
            isGood = false;
        }

        return isGood;
    }

    /// <summary>Of the batch's first record.</summary>
    private static int ControlType(scoped in RecordBatch batch)
    {
        if (batch.Compression != CompressionType.None)
            return -1;
        RecordEnumerator records = batch.Records(batch.RecordBytes);
        return records.MoveNext() ? ControlRecord.TypeOf(records.Current.Key) : -1;
    }
}
