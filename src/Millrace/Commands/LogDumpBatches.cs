using System.Text;
using Millrace.Core.Log;
using Millrace.Core.Log.Verification;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Commands;

/// <summary>Dumps a file of batches, over its damage, and the records in them.</summary>
internal sealed class LogDumpBatches(LogDumpOptions options, LogDumpOutput output)
{
    private static readonly string[] ControlTypes =
        ["ABORT", "COMMIT", "LEADER_CHANGE", "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER", "KRAFT_VERSION", "KRAFT_VOTERS"];

    public void Dump(IDiskFile file, long baseOffset, string topic, bool isFiltered)
    {
        using var walk = new BatchWalk(file, file.Length, baseOffset);
        while (walk.MoveNext())
        {
            if (walk.State is BatchState.Good or BatchState.BadCrc)
            {
                RecordBatch batch = walk.Batch;
                if (walk.State == BatchState.Good)
                    walk.LowestOffset = batch.LastOffset + 1;
                if (isFiltered && (batch.LastOffset < options.From || batch.BaseOffset > options.To))
                    continue;
                Batch(batch, walk.Position, walk.State == BatchState.Good);
                if (options.Records && walk.State == BatchState.Good && walk.IsInMemory)
                    Records(batch, topic, isFiltered);
            }
            else
            {
                Damage(walk.Position, walk.State == BatchState.BadMagic
                    ? $"a batch of another format in {walk.Next - walk.Position} bytes"
                    : $"no batch in {walk.Next - walk.Position} bytes");
            }
        }
    }

    private void Batch(scoped in RecordBatch batch, long position, bool isValid)
    {
        output.BeginEntry("batch");
        output.Field("baseOffset", batch.BaseOffset);
        output.Field("lastOffset", batch.LastOffset);
        output.Field("count", batch.Count);
        output.Field("baseSequence", batch.BaseSequence);
        output.Field("lastSequence", batch.LastSequence);
        output.Field("producerId", batch.ProducerId);
        output.Field("producerEpoch", batch.ProducerEpoch);
        output.Field("partitionLeaderEpoch", batch.PartitionLeaderEpoch);
        output.Field("isTransactional", batch.IsTransactional);
        output.Field("isControl", batch.IsControl);
        output.Field("deleteHorizonMs", batch.HasDeleteHorizon ? batch.BaseTimestamp : -1);
        output.Field("position", position);
        output.Field("timestampType", batch.TimestampType.ToString());
        output.Field("maxTimestamp", batch.MaxTimestamp);
        output.Field("size", batch.SizeInBytes);
        output.Field("magic", batch.Magic);
        output.Field("compresscodec", batch.Compression.ToString().ToLowerInvariant());
        output.Field("crc", batch.Crc);
        output.Field("isvalid", isValid);
        output.EndEntry();
    }

    private void Records(scoped in RecordBatch batch, string topic, bool isFiltered)
    {
        if (BatchRecords.Open(batch, RecordCheck.LargestDecompressed, out BatchRecords opened) != DecompressResult.Ok)
        {
            Damage(-1, $"the records from offset {batch.BaseOffset} on can't be decompressed");
            return;
        }

        using (opened)
        {
            RecordEnumerator records = batch.Records(opened.Bytes);
            while (records.MoveNext())
            {
                ref readonly Record record = ref records.Current;
                if (!isFiltered || (record.Offset >= options.From && record.Offset <= options.To))
                    Write(record, batch, topic);
            }

            if (records.Error is { } error)
                Damage(-1, error);
        }
    }

    private void Write(scoped in Record record, scoped in RecordBatch batch, string topic)
    {
        output.BeginEntry("record");
        output.Field("offset", record.Offset);
        output.Field("timestamp", record.Timestamp);
        output.Field("keySize", record.HasKey ? record.Key.Length : -1);
        output.Field("valueSize", record.HasValue ? record.Value.Length : -1);
        output.Field("sequence", batch.BaseSequence == RecordBatch.NoSequence
            ? -1
            : (batch.BaseSequence + (long)record.OffsetDelta) & int.MaxValue);
        Headers(record);
        if (batch.IsControl)
            Control(record);
        else
            KeyAndValue(record, topic);
        output.EndEntry();
    }

    private void Headers(scoped in Record record)
    {
        var headers = new StringBuilder("[");
        foreach (RecordHeader header in record.Headers)
        {
            headers.Append(headers.Length > 1 ? "," : "").Append("{\"key\":")
                .Append(LogBytes.Json(Encoding.UTF8.GetString(header.Key))).Append(",\"value\":")
                .Append(header.HasValue ? LogBytes.Json(LogBytes.Show(header.Value, options.Bytes)) : "null")
                .Append('}');
        }

        output.Json("headers", headers.Append(']').ToString());
    }

    private void Control(scoped in Record record)
    {
        int type = ControlRecord.TypeOf(record.Key);
        output.Field("control", type >= 0 && type < ControlTypes.Length ? ControlTypes[type] : $"type {type}");
        if (type is ControlRecord.Abort or ControlRecord.Commit
            && ControlRecord.TryReadCoordinatorEpoch(record.Value, out int epoch))
            output.Field("coordinatorEpoch", epoch);
    }

    private void KeyAndValue(scoped in Record record, string topic)
    {
        DecodedRecord? decoded = topic.StartsWith("__", StringComparison.Ordinal)
            ? LogInternalRecords.Decode(
                topic, record.HasKey ? record.Key.ToArray() : null, record.HasValue ? record.Value.ToArray() : null)
            : null;
        if (decoded is not null)
            output.Field("type", decoded.Type);
        Field("key", decoded?.Key, record.HasKey, record.Key);
        Field("value", decoded?.Value, record.HasValue, record.Value);
    }

    private void Field(string name, string? json, bool isThere, ReadOnlySpan<byte> bytes)
    {
        if (json is not null)
            output.Json(name, json);
        else
            output.Field(name, isThere ? LogBytes.Show(bytes, options.Bytes) : null);
    }

    private void Damage(long position, string problem)
    {
        output.BeginEntry("damage");
        output.Field("position", position);
        output.Field("problem", problem);
        output.EndEntry();
    }
}
