using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log;

/// <summary>What the validator says of the bytes that a client sent for one partition.</summary>
internal readonly record struct BatchVerdict
{
    public ErrorCode Error { get; init; }

    public string? Message { get; init; }

    /// <summary>Kafka tells the client the message of some errors only.</summary>
    public bool TellsMessage { get; init; }

    public IReadOnlyList<RecordError>? RecordErrors { get; init; }

    /// <summary>Kafka names the log's start in the answer to some errors only.</summary>
    public bool HidesLogStart { get; init; }

    /// <summary>The batch is the first so many bytes.</summary>
    public int Length { get; init; }

    /// <summary>Holds the batch to store instead, with the topic's codec. The caller disposes it.</summary>
    public RecordBatchBuilder? Recompressed { get; init; }

    public static BatchVerdict Refuse(ErrorCode error, string? message = null, bool hidesLogStart = false) =>
        new() { Error = error, Message = message, HidesLogStart = hidesLogStart };
}

/// <summary>
/// Checks a client's batch as Kafka's log does, in Kafka's order, and corrects its greatest timestamp in place. A good
/// uncompressed batch costs one pass for the CRC and one over the records (<see cref="RecordScan"/>), and allocates
/// nothing.
/// </summary>
internal static class BatchValidator
{
    public static BatchVerdict Validate(Span<byte> data, LogSettings settings, Instant now)
    {
        BatchVerdict verdict = CheckFrame(data, out RecordBatch batch);
        if (verdict.Error == ErrorCode.None)
            verdict = CheckHeader(batch, settings);
        if (verdict.Error != ErrorCode.None)
            return verdict;

        DecompressResult opened = BatchRecords.Open(batch, settings.MaxDecompressedBytes, out BatchRecords records);
        if (opened == DecompressResult.TooLarge)
            return BatchVerdict.Refuse(ErrorCode.MessageTooLarge, "The batch decompresses beyond the limit.", true);
        if (opened != DecompressResult.Ok)
            return BatchVerdict.Refuse(ErrorCode.UnknownServerError, "The records cannot be decompressed.");
        using (records)
        {
            if (!AreAllGood(batch, records.Bytes, settings, now, out long maxTimestamp))
                verdict = Walk(batch, records.Bytes, settings, now, out maxTimestamp);
            if (verdict.Error != ErrorCode.None)
                return verdict;
            bool appendTime = settings.TimestampType == TimestampType.LogAppendTime;
            long greatest = appendTime ? now.Milliseconds : maxTimestamp;
            if ((settings.Compression ?? batch.Compression) != batch.Compression)
                return Recompress(batch, records.Bytes, settings, greatest);
            RecordBatchHeader.SetMaxTimestamp(data[..batch.SizeInBytes], settings.TimestampType, greatest);
            return new BatchVerdict { Length = batch.SizeInBytes };
        }
    }

    /// <summary>Exactly one batch of format 2; a part of a second one behind it is ignored.</summary>
    private static BatchVerdict CheckFrame(ReadOnlySpan<byte> data, out RecordBatch batch)
    {
        BatchVerdict verdict = Refusal(RecordBatch.TryRead(data, out batch));
        if (verdict.Error != ErrorCode.None)
            return verdict;
        RecordBatchError second = RecordBatch.TryRead(data[batch.SizeInBytes..], out _);
        return second switch
        {
            RecordBatchError.Incomplete => default,
            RecordBatchError.None or RecordBatchError.OldMagic =>
                BatchVerdict.Refuse(ErrorCode.InvalidRecord, "More than one batch for the partition.", true),
            _ => Refusal(second),
        };
    }

    private static BatchVerdict Refusal(RecordBatchError error) => error switch
    {
        RecordBatchError.None => default,
        RecordBatchError.InvalidLength =>
            RefuseFrame("The length field is below the smallest message."),
        RecordBatchError.UnknownMagic =>
            RefuseFrame("The batch is of an unknown format."),
        RecordBatchError.TooShort =>
            BatchVerdict.Refuse(ErrorCode.CorruptMessage, "The length field is below the smallest batch.", true),
        RecordBatchError.OldMagic =>
            BatchVerdict.Refuse(ErrorCode.InvalidRecord, "Message formats 0 and 1 are not supported.", true),
        _ => BatchVerdict.Refuse(ErrorCode.InvalidRecord, "There is no whole batch.", true),
    };

    private static BatchVerdict RefuseFrame(string message) =>
        new() { Error = ErrorCode.CorruptMessage, Message = message, TellsMessage = true, HidesLogStart = true };

    private static BatchVerdict CheckHeader(RecordBatch batch, LogSettings settings)
    {
        if (batch.BaseOffset != 0)
            return BatchVerdict.Refuse(ErrorCode.InvalidRecord, "The base offset of a produced batch must be 0.");
        if (batch.SizeInBytes > settings.MaxMessageBytes)
            return BatchVerdict.Refuse(ErrorCode.MessageTooLarge, "The batch exceeds max.message.bytes.", true);
        if (!batch.IsCrcValid)
            return BatchVerdict.Refuse(ErrorCode.CorruptMessage, "The checksum does not match.", true);
        if (batch.Compression > CompressionType.Zstd)
            return BatchVerdict.Refuse(ErrorCode.UnknownServerError, "The codec is unknown.");
        if (batch.Count <= 0 || batch.LastOffsetDelta != batch.Count - 1)
            return BatchVerdict.Refuse(ErrorCode.InvalidRecord, "Record count and last offset do not match.");
        if (batch.IsControl)
            return BatchVerdict.Refuse(ErrorCode.InvalidRecord, "Clients cannot write control records.");
        return batch.HasProducerId && batch.BaseSequence < 0
            ? BatchVerdict.Refuse(ErrorCode.InvalidRecord, "The base sequence of an idempotent batch is negative.")
            : default;
    }

    /// <summary>
    /// The quick way: true only where <see cref="Walk"/> would find nothing wrong. Where it is false only that knows.
    /// </summary>
    internal static bool AreAllGood(
        RecordBatch batch, ReadOnlySpan<byte> bytes, LogSettings settings, Instant now, out long maxTimestamp)
    {
        RecordScan scan = RecordScan.Of(batch, bytes);
        maxTimestamp = Math.Max(scan.MaxTimestamp, RecordBatch.NoTimestamp);
        return scan.IsSound
            && (scan.AreOffsetsDense || batch.Compression == CompressionType.None)
            && (scan.HasKeyInEach || !settings.Compact)
            && (scan.MinTimestamp >= 0 || scan.MinTimestamp == scan.MaxTimestamp) // between them all are good then
            && !IsTimeWrong(scan.MinTimestamp, batch.TimestampType, settings, now)
            && !IsTimeWrong(scan.MaxTimestamp, batch.TimestampType, settings, now);
    }

    internal static BatchVerdict Walk(
        RecordBatch batch, ReadOnlySpan<byte> bytes, LogSettings settings, Instant now, out long maxTimestamp)
    {
        List<RecordError>? errors = null;
        bool wrongTime = false;
        bool gaps = false;
        bool compressed = batch.Compression != CompressionType.None;
        maxTimestamp = RecordBatch.NoTimestamp;
        int index = 0;
        RecordEnumerator records = batch.Records(bytes);
        while (records.MoveNext())
        {
            ref readonly Record record = ref records.Current;
            maxTimestamp = Math.Max(maxTimestamp, record.Timestamp);
            gaps |= compressed && record.OffsetDelta != index;
            if (settings.Compact && !record.HasKey)
                (errors ??= []).Add(new RecordError(index, "A compacted topic needs a key in every record."));
            if (IsTimeWrong(record.Timestamp, batch.TimestampType, settings, now))
            {
                wrongTime = true;
                (errors ??= []).Add(new RecordError(index, "The timestamp is out of the topic's range."));
            }

            index++;
        }

        if (records.Error is { } error)
            return BatchVerdict.Refuse(ErrorCode.InvalidRecord, error);
        if (gaps)
            return BatchVerdict.Refuse(ErrorCode.UnknownServerError, "Compressed records skip offsets.");
        if (errors is null)
            return default;
        return wrongTime
            ? RefuseRecords(ErrorCode.InvalidTimestamp, "Timestamps of one or more records are invalid.", errors)
            : RefuseRecords(ErrorCode.InvalidRecord, $"{errors.Count} record(s) of the batch are invalid.", errors);
    }

    private static bool IsTimeWrong(long timestamp, TimestampType given, LogSettings settings, Instant now)
    {
        if (settings.TimestampType == TimestampType.LogAppendTime || timestamp == RecordBatch.NoTimestamp)
            return given == TimestampType.LogAppendTime;
        long age = now.Milliseconds - timestamp;
        return age > settings.TimestampBeforeMaxMs || -age > settings.TimestampAfterMaxMs;
    }

    private static BatchVerdict RefuseRecords(ErrorCode code, string message, List<RecordError> errors) =>
        new() { Error = code, Message = message, TellsMessage = true, RecordErrors = errors };

    private static BatchVerdict Recompress(
        RecordBatch batch, ReadOnlySpan<byte> bytes, LogSettings settings, long maxTimestamp)
    {
        var builder = new RecordBatchBuilder
        {
            Compression = settings.Compression!.Value,
            CompressionLevel = settings.CompressionLevel,
            TimestampType = settings.TimestampType,
            ProducerId = batch.ProducerId,
            ProducerEpoch = batch.ProducerEpoch,
            BaseSequence = batch.BaseSequence,
            IsTransactional = batch.IsTransactional,
        };
        int index = 0;
        RecordEnumerator records = batch.Records(bytes);
        while (records.MoveNext())
            builder.Append(records.Current with { OffsetDelta = index++ });
        Span<byte> whole = builder.Build();
        RecordBatchHeader.SetMaxTimestamp(whole, settings.TimestampType, maxTimestamp);
        if (whole.Length <= settings.MaxMessageBytes)
            return new BatchVerdict { Recompressed = builder, Length = whole.Length };
        builder.Dispose();
        return BatchVerdict.Refuse(ErrorCode.MessageTooLarge, "The recompressed batch is too large.", true);
    }
}
