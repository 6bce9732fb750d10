using System.Text.Json;
using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Shared;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Log;

/// <summary>Logs that Apache Kafka wrote give what Kafka's clients read from them, and take what is appended.</summary>
public sealed class KafkaDirectoryTests
{
    public static TheoryData<string> Archives => [KafkaArchive.Old, KafkaArchive.Stopped, KafkaArchive.Killed];

    [Theory]
    [MemberData(nameof(Archives))]
    public void EveryRecordIsReadAndAppendingGoesOn(string archive)
    {
        var directory = new KafkaDirectory(archive);
        KafkaArchive kafka = directory.Archive;
        List<string> differences = [];
        int compared = 0;
        foreach ((string topic, int index) in kafka.Partitions)
        {
            var partition = new TopicPartition(topic, index);
            List<string> reports = [];
            PartitionLog log = directory.Open(partition, reports.Add);
            differences.AddRange(reports.Where(report => directory.IsClean || !report.Contains(" cut ")));
            foreach (bool committed in (bool[])[false, true])
            {
                if (kafka.Records(topic, index, committed) is not { } expected)
                    continue;
                compared++;
                List<string> read = Read(log, committed);
                List<string> wanted = [.. expected.Select(Describe)];
                if (!read.SequenceEqual(wanted))
                    differences.Add($"{partition}, committed {committed}: {wanted.Count} expected, {read.Count} read");
            }

            CompareOffsets(kafka, partition, log, differences);
            CompareProducers(kafka, partition, log, differences);
            AppendSome(log, differences);
            log.Close(clean: true);
            PartitionLog again = directory.Open(partition, reports.Add);
            if (again.LogEndOffset != log.LogEndOffset)
                differences.Add($"{partition} ends at {again.LogEndOffset}, not at {log.LogEndOffset}");
            again.Close(clean: false);
        }

        Assert.Empty(differences);
        Assert.True(compared > 9);
    }

    private static void CompareOffsets(
        KafkaArchive kafka, TopicPartition partition, PartitionLog log, List<string> differences)
    {
        if (!kafka.IsKnown("offsets")
            || !kafka.Expected("offsets").TryGetProperty(partition.ToString(), out JsonElement want))
            return;
        TimestampOffset latest = log.MaxTimestampOffset();
        (string Name, long Value)[] found =
        [
            ("logStartOffset", log.LogStartOffset.Value),
            ("endOffset", log.LogEndOffset.Value),
            ("lastStableOffset", log.LastStableOffset(log.LogEndOffset).Value),
            ("maxTimestamp", latest.Timestamp),
            ("maxTimestampOffset", latest.Offset.Value),
        ];
        differences.AddRange(found
            .Where(pair => want.TryGetProperty(pair.Name, out var value) && value.GetInt64() != pair.Value)
            .Select(pair => $"{partition} {pair.Name}: {want.GetProperty(pair.Name)} expected, {pair.Value} found"));
        if (!kafka.Expected("offsets-for-times").TryGetProperty(partition.ToString(), out var times))
            return;
        foreach (JsonElement time in times.EnumerateArray())
        {
            TimestampOffset offset = log.OffsetForTimestamp(time.GetProperty("timestamp").GetInt64());
            long wanted = time.TryGetProperty("offset", out var value) && value.ValueKind == JsonValueKind.Number
                ? value.GetInt64()
                : -1;
            if (offset.Offset.Value != wanted)
                differences.Add($"{partition} at {time}: {offset}");
        }
    }

    private static void CompareProducers(
        KafkaArchive kafka, TopicPartition partition, PartitionLog log, List<string> differences)
    {
        if (!kafka.IsKnown("producers")
            || !kafka.Expected("producers").TryGetProperty(partition.ToString(), out JsonElement want))
            return;
        Dictionary<long, ProducerState> known = log.Producers.All.ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (JsonElement producer in want.EnumerateArray())
        {
            known.TryGetValue(producer.GetProperty("producerId").GetInt64(), out ProducerState? state);
            string found = state is null ? "none" : string.Join(' ',
                state.Epoch, state.BatchCount > 0 ? state.LastBatch.LastSequence : -1, state.LastTimestamp,
                state.CoordinatorEpoch, state.CurrentTransactionFirstOffset);
            string wanted = string.Join(' ', ((string[])[
                "producerEpoch", "lastSequence", "lastTimestamp", "coordinatorEpoch", "transactionStartOffset",
            ]).Select(name => producer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                ? value.GetInt64()
                : -1));
            if (found != wanted)
                differences.Add($"{partition}: producer {producer} is {found}");
        }
    }

    private static void AppendSome(PartitionLog log, List<string> differences)
    {
        long end = log.LogEndOffset.Value;
        var epoch = new LeaderEpoch(log.LatestEpoch.Value + 1);
        for (int i = 0; i < 3; i++)
        {
            AppendResult result = log.Append(
                LogFixture.Batch([$"new-{i}"]), epoch, LogFixture.Now, AppendOrigin.Client);
            if (result.BaseOffset.Value != end + i)
                differences.Add($"{log.Partition}: appended at {result.BaseOffset}, {result.Error}");
        }

        LogSlice slice = log.Read(new Offset(end), 1 << 20, log.LogEndOffset, atLeastOneBatch: true);
        if (slice.EndOffset.Value != end + 3)
            differences.Add($"{log.Partition}: what was appended reads as {slice}");
    }

    /// <summary>The records as a consumer gets them: control batches, and aborted records if asked, are left out.
    /// </summary>
    private static List<string> Read(PartitionLog log, bool committed)
    {
        List<string> all = [];
        Offset end = committed ? log.LastStableOffset(log.LogEndOffset) : log.LogEndOffset;
        Offset at = log.LogStartOffset;
        while (at < end)
        {
            LogSlice slice = log.Read(at, 10_000, end, atLeastOneBatch: true);
            if (slice.Length == 0)
                break;
            IReadOnlyList<AbortedTransaction> aborted = committed ? log.AbortedTransactions(at, slice.EndOffset) : [];
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            Offset from = at;
            foreach (RecordBatch batch in RecordBatch.Enumerate(bytes))
            {
                at = new Offset(batch.LastOffset + 1);
                (long producer, long first) = (batch.ProducerId, batch.BaseOffset);
                if (batch.IsControl || (batch.IsTransactional && aborted.Any(transaction =>
                    transaction.ProducerId == producer && transaction.FirstOffset <= first
                    && first < transaction.LastOffset)))
                    continue;
                all.AddRange(Describe(batch, from));
            }
        }

        return all;
    }

    private static List<string> Describe(RecordBatch batch, Offset from)
    {
        List<string> all = [];
        Assert.Equal(DecompressResult.Ok, BatchRecords.Open(batch, 1 << 24, out BatchRecords opened));
        foreach (Millrace.Protocol.Records.Record record in batch.Records(opened.Bytes))
        {
            if (record.Offset < from.Value)
                continue;
            all.Add(string.Join(' ',
                record.Offset, record.Timestamp, batch.TimestampType,
                record.HasKey ? Convert.ToBase64String(record.Key) : "null",
                record.HasValue ? Convert.ToBase64String(record.Value) : "null",
                batch.PartitionLeaderEpoch));
        }

        opened.Dispose();
        return all;
    }

    private static string Describe(JsonElement record) => string.Join(' ',
        record.GetProperty("offset"), record.GetProperty("timestamp"), record.GetProperty("timestampType"),
        record.GetProperty("key").GetString() ?? "null", record.GetProperty("value").GetString() ?? "null",
        record.TryGetProperty("leaderEpoch", out var epoch) ? epoch.GetInt32() : 0);
}
