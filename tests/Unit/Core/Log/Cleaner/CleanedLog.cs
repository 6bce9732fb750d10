using System.Text;
using Millrace.Core.Log;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Cleaner;

internal sealed record DataRecord(long Offset, string? Key, string? Value);

internal sealed record Batch(
    long BaseOffset, long LastOffset, int Count, long ProducerId, int BaseSequence, bool IsControl, long? Horizon);

/// <summary>A log of small segments that a test fills, cleans and reads back.</summary>
internal sealed class CleanedLog
{
    public static readonly TopicPartition Id = new("compacted", 0);

    public static readonly LogSettings Compacted = new()
    {
        SegmentBytes = 1000,
        IndexIntervalBytes = 150,
        Compact = true,
        Delete = false,
        DeleteRetentionMs = 1000,
        SegmentMs = long.MaxValue,
    };

    private readonly List<AbortedTransaction> _aborted = [];
    private readonly Dictionary<long, long> _open = [];

    public CleanedLog(
        LogSettings? settings = null, IDisk? disk = null, bool clean = true, long recoveryPoint = 0,
        TopicPartition? id = null)
    {
        Disk = disk ?? new SimDisk();
        Log = PartitionLog.Open(
            Disk, id ?? Id, settings ?? Compacted, LogFixture.Now,
            new LogOpening(clean, new Offset(recoveryPoint), Offset.Zero));
    }

    public IDisk Disk { get; }

    public PartitionLog Log { get; }

    public Lock Gate { get; } = new();

    public OffsetMap Map { get; set; } = new(1 << 20);

    public Offset Checkpoint { get; set; } = Offset.None;

    public Instant Now { get; set; } = LogFixture.Now;

    public Offset LastStableOffset =>
        _open.Count == 0 ? Log.LogEndOffset : Offset.Min(Log.LogEndOffset, new Offset(_open.Values.Min()));

    /// <summary>Appends one batch; gives its first offset.</summary>
    public long Append(
        (string? Key, string? Value)[] records, CompressionType codec = CompressionType.None, long producer = -1,
        int sequence = -1, bool transactional = false)
    {
        using var builder = new RecordBatchBuilder
        {
            Compression = codec,
            ProducerId = producer,
            ProducerEpoch = (short)(producer < 0 ? -1 : 0),
            BaseSequence = sequence,
            IsTransactional = transactional,
        };
        for (int i = 0; i < records.Length; i++)
            builder.AppendNullable(Now.Milliseconds + i, Bytes(records[i].Key), Bytes(records[i].Value));
        long first = Append(builder);
        if (transactional)
            _open.TryAdd(producer, first);
        return first;
    }

    public long Append(params (string? Key, string? Value)[] records) => Append(records, CompressionType.None);

    /// <summary>Writes the marker of a producer's open transaction.</summary>
    public long End(long producer, bool commit)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer,
            ProducerEpoch = 0,
            IsTransactional = true,
            IsControl = true,
        };
        builder.Append(Now.Milliseconds, [0, 0, 0, (byte)(commit ? 1 : 0)], [0, 0, 0, 0, 0, 0]);
        long marker = Append(builder);
        if (_open.Remove(producer, out long first) && !commit)
        {
            var aborted = new AbortedTransaction(producer, first, marker, LastStableOffset.Value);
            Segment active = Log.Segments[^1];
            _aborted.RemoveAll(transaction => transaction.LastOffset < active.BaseOffset.Value);
            _aborted.Add(aborted);
            DiskFiles.Replace(Disk, active.Path + ".txnindex", TransactionIndex.Encode(_aborted)).Dispose();
        }

        return marker;
    }

    public void Roll() => Log.Roll(Now);

    public LogToClean ToClean() => LogToClean.Of(Log, Checkpoint, LastStableOffset, Now);

    /// <summary>Cleans all that can be, and moves the checkpoint.</summary>
    public Cleaning Clean()
    {
        using var cleaning = new Cleaning(ToClean(), Map, Gate, Now);
        while (cleaning.Step() is { } bytes)
            Assert.True(bytes >= 0);
        Checkpoint = cleaning.End;
        return cleaning;
    }

    public List<DataRecord> Records() => [.. Batches().SelectMany(batch => batch.Records)];

    public List<Batch> Headers() => [.. Batches().Select(batch => batch.Header)];

    /// <summary>All batches as a consumer gets them, read one by one.</summary>
    public List<(Batch Header, List<DataRecord> Records)> Batches()
    {
        List<(Batch, List<DataRecord>)> all = [];
        Offset at = Log.LogStartOffset;
        while (at < Log.LogEndOffset)
        {
            LogSlice slice = Log.Read(at, 1, Log.LogEndOffset, atLeastOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.Error);
            if (slice.Length == 0)
                break;
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            foreach (RecordBatch batch in RecordBatch.Enumerate(bytes))
            {
                Assert.True(batch.IsCrcValid);
                Assert.True(batch.LastOffset >= at.Value);
                all.Add((HeaderOf(batch), RecordsOf(batch)));
                at = new Offset(batch.LastOffset + 1);
            }
        }

        return all;
    }

    private long Append(RecordBatchBuilder builder)
    {
        AppendResult result = Log.Append(builder.Build(), LeaderEpoch.Zero, Now, AppendOrigin.Coordinator);
        Assert.Equal(ErrorCode.None, result.Error);
        return result.BaseOffset.Value;
    }

    private static Batch HeaderOf(RecordBatch batch) => new(
        batch.BaseOffset, batch.LastOffset, batch.Count, batch.ProducerId, batch.BaseSequence, batch.IsControl,
        batch.HasDeleteHorizon ? batch.BaseTimestamp : null);

    private static List<DataRecord> RecordsOf(RecordBatch batch)
    {
        List<DataRecord> all = [];
        BatchRecords.Open(batch, 1 << 20, out BatchRecords opened);
        using (opened)
        {
            RecordEnumerator records = batch.Records(opened.Bytes);
            while (records.MoveNext() && !batch.IsControl)
            {
                all.Add(new DataRecord(
                    records.Current.Offset,
                    records.Current.HasKey ? Encoding.UTF8.GetString(records.Current.Key) : null,
                    records.Current.HasValue ? Encoding.UTF8.GetString(records.Current.Value) : null));
            }

            Assert.Null(records.Error);
        }

        return all;
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
