using System.Buffers.Binary;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>Reads the committed copies from the first on, as a consumer with read_committed does, again and
/// again.</summary>
internal sealed class CopyReader(World world, CopyLedger ledger) : Client(world, "copy reader")
{
    private const sbyte ReadCommitted = 1;

    protected override async Task Work()
    {
        await Pause(100, 3000);
        await ReadAll(Random.Next(CopyLedger.Partitions));
    }

    /// <summary>Reads a partition from its start to the end of what is stable; false if it could not.</summary>
    public async Task<bool> ReadAll(int partition)
    {
        var (at, index) = (0L, 0L);
        var aborted = new Dictionary<long, Queue<long>>();
        while (World.Failure is null)
        {
            var response = await Call<FetchResponse>(ApiKey.Fetch, 12, new FetchRequest
            {
                MaxBytes = Random.Next(2) == 0 ? 1 << 20 : Random.Next(1, 2000),
                IsolationLevel = ReadCommitted,
                Topics =
                [
                    new()
                    {
                        Topic = CopyLedger.Output,
                        Partitions = [new() { Partition = partition, FetchOffset = at, PartitionMaxBytes = 1 << 20 }],
                    },
                ],
            });
            if (response?.Responses is not [{ Partitions: [{ ErrorCode: ErrorCode.None } answer] }])
                return false;
            if (answer.Records.Length == 0)
                return at >= answer.HighWatermark;
            foreach (var transaction in answer.AbortedTransactions!)
                Add(aborted, transaction.ProducerId, transaction.FirstOffset);
            foreach (var batch in RecordBatch.Enumerate(answer.Records.Bytes.Span))
                index = Read(partition, batch, ref at, index, aborted);
            aborted.Clear();
        }

        return false;
    }

    private static void Add(Dictionary<long, Queue<long>> aborted, long producerId, long firstOffset)
    {
        if (!aborted.TryGetValue(producerId, out var first))
            aborted.Add(producerId, first = new Queue<long>());
        first.Enqueue(firstOffset);
    }

    /// <summary>A producer's records are aborted from the first offset of such a transaction to its marker.</summary>
    private long Read(
        int partition, in RecordBatch batch, ref long at, long index, Dictionary<long, Queue<long>> aborted)
    {
        if (batch.LastOffset < at)
            return index;
        at = batch.LastOffset + 1;
        var isAborted = aborted.TryGetValue(batch.ProducerId, out var first)
            && first.TryPeek(out var from) && from <= batch.BaseOffset;
        if (batch.IsControl)
        {
            if (isAborted)
                first!.Dequeue();
            return index;
        }

        if (isAborted)
            return index;
        var records = batch.Records(batch.RecordBytes);
        while (records.MoveNext())
            ledger.Saw(partition, index++, BinaryPrimitives.ReadInt64BigEndian(records.Current.Value));
        return index;
    }
}
