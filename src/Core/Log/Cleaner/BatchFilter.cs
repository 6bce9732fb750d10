using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log.Cleaner;

/// <summary>What one cleaning goes by when it decides what stays.</summary>
/// <param name="Map">The last offset of each key.</param>
/// <param name="Transactions">Of the log from its start.</param>
/// <param name="LastRecords">What producers must find again.</param>
/// <param name="End">Where the cleaning ends at the most: the batch before it stays, if only its header.</param>
/// <param name="Now">When the cleaning began.</param>
/// <param name="Settings">Of the topic.</param>
internal sealed record CleaningRules(
    OffsetMap Map,
    CleanedTransactions Transactions,
    IReadOnlyDictionary<long, LastRecord> LastRecords,
    Offset End,
    Instant Now,
    LogSettings Settings);

/// <summary>
/// Decides batch by batch and record by record what stays, and writes that (KIP-58, KIP-534). Owned by one cleaning.
/// 1. A batch of which all stays is copied bit by bit; otherwise its offsets, sequence, producer and codec stay.
/// 2. The first cleaning that keeps a tombstone, or a marker with no data left, sets the batch's delete horizon; one
/// behind the horizon drops it.
/// </summary>
internal sealed class BatchFilter(CleaningRules rules)
{
    private bool[] _stays = new bool[256];

    public long RecordsRead { get; private set; }

    public long RecordsKept { get; private set; }

    /// <exception cref="DamagedLogException">The records can't be read.</exception>
    public void Filter(BatchReader reader, CleanedSegment target)
    {
        RecordBatch batch = reader.Current;
        bool isObsolete; // aborted data, or a marker whose transaction has no data left
        if (batch.IsControl)
        {
            isObsolete = rules.Transactions.OnMarker(batch, out AbortedTransaction? remaining);
            if (remaining is { } aborted)
                target.Keep(aborted);
        }
        else
        {
            isObsolete = rules.Transactions.OnData(batch);
        }

        bool isDropped = isObsolete && (!batch.IsControl || IsBehindHorizon(batch));
        bool staysEmpty = batch.LastOffset + 1 == rules.End.Value
            || (batch.HasProducerId && rules.LastRecords.TryGetValue(batch.ProducerId, out LastRecord last)
                && last.IsIn(batch));
        if (isDropped && !staysEmpty)
            return;
        if (isDropped || !TryWriteRecords(reader, batch, isObsolete, target))
        {
            if (staysEmpty)
                WriteEmpty(batch, target);
        }
    }

    /// <summary>Writes the batch without any record.</summary>
    public static void WriteEmpty(scoped in RecordBatch batch, CleanedSegment target)
    {
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        batch.Bytes[..RecordBatch.HeaderSize].CopyTo(header);
        RecordBatchHeader.MakeEmpty(header);
        target.Append(header);
    }

    /// <summary>False if no record stays.</summary>
    private bool TryWriteRecords(BatchReader reader, RecordBatch batch, bool isObsolete, CleanedSegment target)
    {
        if (BatchRecords.Open(batch, rules.Settings.MaxDecompressedBytes, out BatchRecords opened) is var result
            && result != DecompressResult.Ok)
            throw reader.Damaged($"it can't be decompressed ({result})");
        using (opened)
        {
            int kept = Judge(reader, batch, opened.Bytes, out int count, out bool hasTombstones);
            RecordsRead += count;
            RecordsKept += kept;
            if (kept == 0)
                return false;
            bool startsHorizon = !batch.HasDeleteHorizon && (hasTombstones || (isObsolete && batch.IsControl));
            if (kept == count && !startsHorizon)
                target.Append(batch.Bytes);
            else
                Rebuild(batch, opened.Bytes, startsHorizon, target);
            return true;
        }
    }

    private int Judge(
        BatchReader reader, RecordBatch batch, ReadOnlySpan<byte> bytes, out int count, out bool hasTombstones)
    {
        count = 0;
        int kept = 0;
        hasTombstones = false;
        RecordEnumerator records = batch.Records(bytes);
        while (records.MoveNext())
        {
            if (count == _stays.Length)
                Array.Resize(ref _stays, 2 * count);
            bool stays = batch.IsControl || Stays(batch, records.Current);
            _stays[count++] = stays;
            kept += stays ? 1 : 0;
            hasTombstones |= stays && !records.Current.HasValue;
        }

        return records.Error is null ? kept : throw reader.Damaged(records.Error);
    }

    private bool Stays(scoped in RecordBatch batch, scoped in Record record)
    {
        if (record.Offset > rules.Map.LatestOffset)
            return true;
        return record.HasKey && record.Offset >= rules.Map.OffsetOf(record.Key)
            && (record.HasValue || !IsBehindHorizon(batch));
    }

    private bool IsBehindHorizon(scoped in RecordBatch batch) =>
        batch.HasDeleteHorizon && batch.BaseTimestamp <= rules.Now.Milliseconds;

    private void Rebuild(RecordBatch batch, ReadOnlySpan<byte> bytes, bool startsHorizon, CleanedSegment target)
    {
        using var builder = new RecordBatchBuilder
        {
            Compression = batch.Compression,
            TimestampType = batch.TimestampType,
            BaseOffset = batch.BaseOffset,
            LastOffsetDelta = batch.LastOffsetDelta,
            PartitionLeaderEpoch = batch.PartitionLeaderEpoch,
            ProducerId = batch.ProducerId,
            ProducerEpoch = batch.ProducerEpoch,
            BaseSequence = batch.BaseSequence,
            IsTransactional = batch.IsTransactional,
            IsControl = batch.IsControl,
            DeleteHorizonMs = startsHorizon ? (rules.Now + rules.Settings.DeleteRetentionMs).Milliseconds
                : batch.HasDeleteHorizon ? batch.BaseTimestamp
                : null,
        };
        RecordEnumerator records = batch.Records(bytes);
        for (int i = 0; records.MoveNext(); i++)
        {
            if (_stays[i])
                builder.Append(records.Current);
        }

        target.Append(builder.Build());
    }
}
