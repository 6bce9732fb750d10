using System.Collections.Concurrent;
using Millrace.Bench.Wire;
using Millrace.Protocol.Records;

namespace Millrace.Bench.Limits;

/// <summary>The offsets of a broker that keeps no records. Shared by its connections.</summary>
internal sealed class NullLog(BrokerAddress address, int partitions, byte[]? batch)
{
    /// <summary>Where a partition ends that brings the same batches for ever.</summary>
    private const long FarEnd = 1L << 40;

    private readonly ConcurrentDictionary<(string Topic, int Partition), long> _ends = new();
    private readonly ConcurrentDictionary<string, ConcurrentBag<(string Topic, int Partition)>> _transactions = new();
    private int _lastProducerId;

    public BrokerAddress Address => address;

    public int Partitions => partitions;

    /// <summary>What a fetch brings, again and again; null for nothing.</summary>
    public byte[]? Batch => batch;

    public long NewProducerId() => Interlocked.Increment(ref _lastProducerId);

    /// <summary>Counts the batch; its base offset.</summary>
    public long Append(string topic, int partition, ReadOnlySpan<byte> records)
    {
        var count = RecordBatch.TryRead(records, out var read) == RecordBatchError.None ? read.LastOffsetDelta + 1 : 0;
        return Append(topic, partition, count);
    }

    public long End(string topic, int partition) =>
        batch is null ? _ends.GetValueOrDefault((topic, partition)) : FarEnd;

    public void AddToTransaction(string transactionalId, string topic, int partition) =>
        _transactions.GetOrAdd(transactionalId, _ => []).Add((topic, partition));

    /// <summary>Counts the marker that each partition of a transaction gets.</summary>
    public void EndTransaction(string transactionalId)
    {
        if (_transactions.TryRemove(transactionalId, out var added))
        {
            foreach (var (topic, partition) in added)
                Append(topic, partition, 1);
        }
    }

    private long Append(string topic, int partition, int count) =>
        _ends.AddOrUpdate((topic, partition), count, (_, end) => end + count) - count;
}
