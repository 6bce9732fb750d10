using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// The metadata log of a single node: <c>__cluster_metadata-0</c> in the data directory, in Kafka's record format.
/// </summary>
/// <remarks>Owned by the controller shard. 1. What <see cref="Append"/> returned from is on stable storage.</remarks>
internal sealed class LocalMetadataLog(PartitionLog log) : IMetadataLog
{
    private readonly WireWriter _writer = new();

    public IEnumerable<IMessage> ReadAll()
    {
        var records = new List<IMessage>();
        LogRecords.Replay(log, (_, value) =>
        {
            if (value is { } bytes && MetadataRecord.Read(bytes) is { } record)
                records.Add(record);
        });
        return records;
    }

    public void Append(IReadOnlyList<IMessage> records, Instant now)
    {
        using var batch = new RecordBatchBuilder();
        foreach (var record in records)
        {
            _writer.Clear();
            MetadataRecord.Write(_writer, record);
            batch.Append(new Record
            {
                OffsetDelta = batch.Count,
                Timestamp = now.Milliseconds,
                HasValue = true,
                Value = _writer.WrittenSpan,
            });
        }

        var result = log.Append(batch.Build(), LeaderEpoch.Zero, now, AppendOrigin.Coordinator);
        if (result.Error != ErrorCode.None)
            throw new IOException($"The metadata log refuses records: {result.Error}.");
        if (log.Flush() is var error and not ErrorCode.None)
            throw new IOException($"The metadata log can't be flushed: {error}.");
    }

    public void Dispose()
    {
        log.Close(clean: true);
        _writer.Dispose();
    }
}
