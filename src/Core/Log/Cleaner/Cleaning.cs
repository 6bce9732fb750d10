using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// One cleaning of one log: the last offset of each key in the dirty part goes into the map, then every segment up to
/// there is written anew without what the map or the transactions make obsolete, and swapped in. Owned by the cleaner's
/// task, which takes its steps, each of about a megabyte, one after the other, and may stop after any.
/// 1. Offsets never change. 2. It drops nothing that it can't read: a damaged batch ends it. 3. Whatever is not swapped
/// in when it ends leaves no trace.
/// </summary>
internal sealed class Cleaning : IDisposable
{
    private const int StepBytes = 1 << 20;

    private readonly LogToClean _target;
    private readonly PartitionLog _log;
    private readonly OffsetMap _map;
    private readonly Lock _gate;
    private readonly Instant _now;
    private readonly IEnumerator<long> _steps;
    private Segment[] _atWork = [];

    /// <param name="target">The log and its dirty part.</param>
    /// <param name="map">Nobody else's while this goes on.</param>
    /// <param name="gate">The partition's lock.</param>
    /// <param name="now">When it begins.</param>
    public Cleaning(LogToClean target, OffsetMap map, Lock gate, Instant now)
    {
        _target = target;
        _log = target.Log;
        _map = map;
        _gate = gate;
        _now = now;
        _steps = Steps().GetEnumerator();
        End = target.FirstDirty;
    }

    /// <summary>
    /// Makes durable that offsets may be missing below one, before the first goes: else a crash would leave a log that
    /// looks damaged.
    /// </summary>
    public Action<Offset> BeforeGaps { get; init; } = _ => { };

    /// <summary>Up to where the log is clean.</summary>
    public Offset End { get; private set; }

    public long BytesRead { get; private set; }

    public long BytesWritten { get; private set; }

    public long RecordsRead { get; private set; }

    public long RecordsKept { get; private set; }

    /// <summary>The next step: the bytes that it has read and written; null at the end.</summary>
    /// <exception cref="DamagedLogException">A batch can't be read.</exception>
    /// <exception cref="CleaningAbandonedException">The log is no longer what it was.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public long? Step()
    {
        try
        {
            return _steps.MoveNext() ? _steps.Current : null;
        }
        catch (IOException) when (_log.IsOffline || _atWork.Except(_log.Segments).Any())
        {
            throw new CleaningAbandonedException();
        }
    }

    public void Dispose() => _steps.Dispose();

    private IEnumerable<long> Steps()
    {
        using var reader = new BatchReader();
        var segments = (Segment[])_log.Segments;
        foreach (long bytes in FillMap(reader, segments))
            yield return bytes;
        var end = new Offset(_map.LatestOffset + 1);
        if (end <= _target.FirstDirty)
            throw new IOException("log.cleaner.dedupe.buffer.size is too small for the keys of one batch");
        BeforeGaps(_target.FirstUncleanable);
        _log.AllowGaps(_target.FirstUncleanable);
        Dictionary<long, LastRecord> lastRecords;
        lock (_gate)
            lastRecords = _log.LastRecords();
        var filter = new BatchFilter(new CleaningRules(
            _map, new CleanedTransactions(_log.AbortedTransactionsBelow(_target.FirstUncleanable)), lastRecords,
            _target.FirstUncleanable, _now, _log.Settings));
        int count = segments.TakeWhile(segment => segment.BaseOffset < end).Count();
        foreach (Segment[] group in SegmentGroups.Of(
            segments.AsSpan(0, count), _log.Settings, _target.FirstUncleanable))
        {
            foreach (long bytes in Clean(group, reader, filter))
                yield return bytes;
        }

        RecordsRead = filter.RecordsRead;
        RecordsKept = filter.RecordsKept;
        End = end;
    }

    private IEnumerable<long> FillMap(BatchReader reader, Segment[] segments)
    {
        _map.Start(_target.FirstUncleanable - _target.FirstDirty);
        Segment[] dirty = [.. segments.Where(
            segment => segment.NextOffset > _target.FirstDirty && segment.BaseOffset < _target.FirstUncleanable)];
        var transactions = new CleanedTransactions(_log.AbortedTransactionsBelow(_target.FirstUncleanable)
            .Where(transaction => transaction.LastOffset >= dirty[0].BaseOffset.Value));
        _atWork = dirty;
        foreach (Segment segment in dirty)
        {
            reader.Open(segment, 0);
            long before = reader.BytesRead;
            while (reader.MoveNext())
            {
                if (!TryMap(reader, transactions))
                    yield break;
                if (reader.BytesRead - before >= StepBytes)
                {
                    yield return Count(reader.BytesRead - before, 0);
                    before = reader.BytesRead;
                }
            }

            yield return Count(reader.BytesRead - before, 0);
            Offset next = segments[Array.IndexOf(segments, segment) + 1].BaseOffset;
            if (next > Offset.Max(reader.NextOffset, _log.GapsBelow))
                throw reader.Damaged("offsets are missing behind it");
            _map.AdvanceTo(segment.NextOffset.Value - 1);
        }
    }

    /// <summary>False if the map is full.</summary>
    private bool TryMap(BatchReader reader, CleanedTransactions transactions)
    {
        RecordBatch batch = reader.Current;
        bool isAborted = !batch.IsControl && transactions.OnData(batch);
        if (batch.IsControl)
            transactions.OnMarker(batch, out _);
        if (batch.LastOffset < _target.FirstDirty.Value)
            return true;
        if (!batch.IsControl && !isAborted && !TryMapRecords(reader, batch))
            return false;
        _map.AdvanceTo(batch.LastOffset);
        return true;
    }

    private bool TryMapRecords(BatchReader reader, RecordBatch batch)
    {
        if (BatchRecords.Open(batch, _log.Settings.MaxDecompressedBytes, out BatchRecords opened) is var result
            && result != DecompressResult.Ok)
            throw reader.Damaged($"it can't be decompressed ({result})");
        using (opened)
        {
            RecordEnumerator records = batch.Records(opened.Bytes);
            while (records.MoveNext())
            {
                if (records.Current.HasKey && records.Current.Offset >= _target.FirstDirty.Value
                    && !_map.TryPut(records.Current.Key, records.Current.Offset))
                    return false;
            }

            return records.Error is null ? true : throw reader.Damaged(records.Error);
        }
    }

    private IEnumerable<long> Clean(Segment[] group, BatchReader reader, BatchFilter filter)
    {
        _atWork = group;
        using var cleaned = new CleanedSegment(
            _log.Disk, _log.Directory, group[0].BaseOffset, _log.Settings.IndexIntervalBytes);
        foreach (Segment segment in group)
        {
            ThrowIfAbandoned();
            reader.Open(segment, 0);
            (long read, long written) before = (reader.BytesRead, cleaned.Size);
            while (reader.MoveNext())
            {
                filter.Filter(reader, cleaned);
                if (reader.BytesRead - before.read >= StepBytes)
                {
                    yield return Count(reader.BytesRead - before.read, cleaned.Size - before.written);
                    ThrowIfAbandoned();
                    before = (reader.BytesRead, cleaned.Size);
                }
            }

            if (segment == group[^1] && segment.Size > 0 && cleaned.NextOffset <= segment.BaseOffset)
                KeepEnd(segment, cleaned);
            yield return Count(reader.BytesRead - before.read, cleaned.Size - before.written);
        }

        cleaned.Flush();
        ThrowIfAbandoned();
        if (!_log.Replace(group, cleaned, _gate))
            throw new CleaningAbandonedException();
    }

    /// <summary>
    /// Nothing stays of the last segment: its last batch does, without records, so that who has to finish the swap sees
    /// from the new segment how far it goes.
    /// </summary>
    private static void KeepEnd(Segment segment, CleanedSegment cleaned)
    {
        var scanner = new BatchScanner(
            segment.File, 0, segment.Size, stackalloc byte[BatchScanner.WindowSize]);
        while (scanner.MoveNext())
        {
            if (scanner.Next == segment.Size)
                BatchFilter.WriteEmpty(scanner.Header, cleaned);
        }
    }

    private long Count(long read, long written)
    {
        BytesRead += read;
        BytesWritten += written;
        return read + written;
    }

    private void ThrowIfAbandoned()
    {
        if (_log.IsOffline)
            throw new CleaningAbandonedException();
    }
}
