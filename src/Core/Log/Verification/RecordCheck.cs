using System.Buffers.Binary;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log.Verification;

/// <summary>Checks what stands in a batch whose checksum is right: header fields, compression, every record.</summary>
internal static class RecordCheck
{
    /// <summary>The most that the records of a batch may take without compression.</summary>
    public const int LargestDecompressed = 256 * 1024 * 1024;

    private const short UnusedAttributes = unchecked((short)0xFF80);

    public static void Check(
        scoped in RecordBatch batch, bool isWhole, long position, PartitionFacts facts, FileFindings findings)
    {
        Place place = Place.At(position, batch.BaseOffset, batch.LastOffset);
        if (CheckHeader(batch, place, facts, findings) && isWhole)
            CheckRecords(batch, place, facts, findings);
        if (!isWhole)
        {
            findings.Note("batch-size", $"The batch of {batch.SizeInBytes} bytes is too large to look at its records.",
                place: place);
        }
    }

    private static bool CheckHeader(
        scoped in RecordBatch batch, Place place, PartitionFacts facts, FileFindings findings)
    {
        if (batch.LastOffsetDelta < 0 || batch.Count < 0 || batch.Count > batch.LastOffsetDelta + 1L)
        {
            findings.Error("batch-count",
                $"{batch.Count} records do not go with a last offset delta of {batch.LastOffsetDelta}.",
                "The writer is at fault: read the batch's records from another replica.", place);
            return false;
        }

        if (batch.Count <= batch.LastOffsetDelta && facts.Cleaning == Cleaning.Never)
        {
            findings.Error("batch-count",
                $"{batch.Count} records stand for {batch.LastOffsetDelta + 1L} offsets; the topic is not compacted.",
                "Nothing if the topic was compacted earlier; otherwise records are missing.", place);
        }

        if ((batch.Attributes & UnusedAttributes) != 0)
            findings.Warning("batch-attributes", $"Unknown attribute bits are set: {batch.Attributes}.", place: place);
        CheckProducer(batch, place, findings);
        if (batch.Compression <= CompressionType.Zstd)
            return true;
        findings.Error("batch-codec", $"The codec {(int)batch.Compression} does not exist.",
            "Consumers can't read the batch: read its records from another replica.", place);
        return false;
    }

    private static void CheckProducer(scoped in RecordBatch batch, Place place, FileFindings findings)
    {
        string? problem = null;
        if (batch.HasProducerId)
        {
            if (batch.ProducerEpoch < 0)
                problem = $"has the producer epoch {batch.ProducerEpoch}";
            else if (batch.BaseSequence < 0 && !batch.IsControl)
                problem = $"has the base sequence {batch.BaseSequence}";
        }
        else if (batch.IsTransactional)
        {
            problem = "is transactional and names no producer";
        }

        if (problem is not null)
            findings.Error("batch-producer", $"The batch of producer {batch.ProducerId} {problem}.", "", place);
    }

    private static void CheckRecords(
        scoped in RecordBatch batch, Place place, PartitionFacts facts, FileFindings findings)
    {
        if (batch.Count == 0)
        {
            if (batch.RecordBytes.Length > 0)
                findings.Error("records", "Bytes stand behind the header of an empty batch.", "", place);
            return;
        }

        DecompressResult opened = BatchRecords.Open(batch, LargestDecompressed, out BatchRecords records);
        if (opened != DecompressResult.Ok)
        {
            findings.Error("batch-compression", opened == DecompressResult.TooLarge
                ? $"The batch decompresses to more than {LargestDecompressed} bytes."
                : $"The batch can't be decompressed as {batch.Compression}.",
                "Its checksum is right, so the writer is at fault: consumers must skip these offsets.", place);
            return;
        }

        using (records)
            Walk(batch, records.Bytes, place, facts, findings);
    }

    private static void Walk(scoped in RecordBatch batch, ReadOnlySpan<byte> bytes, Place place, PartitionFacts facts,
        FileFindings findings)
    {
        int last = -1;
        int inOrder = 0;
        long maxTimestamp = RecordBatch.NoTimestamp;
        RecordEnumerator records = batch.Records(bytes);
        while (records.MoveNext())
        {
            ref readonly Record record = ref records.Current;
            if (record.OffsetDelta > last && record.OffsetDelta <= batch.LastOffsetDelta)
                inOrder++;
            last = record.OffsetDelta;
            maxTimestamp = Math.Max(maxTimestamp, record.Timestamp);
            if (batch.IsControl)
                CheckControl(batch, record, place, facts, findings);
        }

        if (records.Error is { } error)
        {
            findings.Error("records", error,
                "The checksum is right, so the writer is at fault: consumers must skip these offsets.", place);
            return;
        }

        if (inOrder != batch.Count)
        {
            findings.Error("record-offsets", "The offsets of the records do not ascend within the batch.",
                "The checksum is right, so the writer is at fault: consumers must skip these offsets.", place);
        }

        if (batch.TimestampType == TimestampType.CreateTime && maxTimestamp != batch.MaxTimestamp)
        {
            findings.Error("max-timestamp",
                $"The header's greatest timestamp is {batch.MaxTimestamp}, that of the records {maxTimestamp}.",
                "Searches by time may miss records of the batch; retention goes by the header.", place);
        }
    }

    private static void CheckControl(scoped in RecordBatch batch, scoped in Record record, Place place,
        PartitionFacts facts, FileFindings findings)
    {
        int type = ControlRecord.TypeOf(record.Key);
        bool isMarker = type is ControlRecord.Abort or ControlRecord.Commit;
        string? problem = null;
        if (type < 0)
            problem = "has no valid key";
        else if (isMarker && (!batch.IsTransactional || !batch.HasProducerId || batch.Count != 1))
            problem = "is a transaction marker that is not alone in a transactional batch of a producer";
        else if (isMarker && !ControlRecord.TryReadCoordinatorEpoch(record.Value, out _))
            problem = "is a transaction marker without coordinator epoch";
        else if (!isMarker && (batch.IsTransactional || !facts.IsMetadataLog))
            problem = $"is of type {type}, which belongs in the metadata log alone";
        if (problem is not null)
            findings.Error("control-record", $"The control record at offset {record.Offset} {problem}.", "", place);
    }
}

/// <summary>The key and value of a control record.</summary>
internal static class ControlRecord
{
    public const int Abort = 0;
    public const int Commit = 1;
    public const int LeaderChange = 2;
    public const int SnapshotHeader = 3;
    public const int SnapshotFooter = 4;

    /// <summary>-1 where the key is none.</summary>
    public static int TypeOf(ReadOnlySpan<byte> key) =>
        key.Length >= 4 && BinaryPrimitives.ReadInt16BigEndian(key) >= 0
            ? Math.Max(BinaryPrimitives.ReadInt16BigEndian(key[2..]), (short)-1)
            : -1;

    public static bool TryReadCoordinatorEpoch(ReadOnlySpan<byte> value, out int epoch)
    {
        epoch = value.Length >= 6 ? BinaryPrimitives.ReadInt32BigEndian(value[2..]) : -1;
        return value.Length >= 6 && BinaryPrimitives.ReadInt16BigEndian(value) >= 0;
    }
}
