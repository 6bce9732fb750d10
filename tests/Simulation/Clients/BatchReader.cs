using Millrace.Core.Log;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// Reads batches as a wary client does: whole, with a good checksum, and records that somebody wrote.
/// </summary>
internal static class BatchReader
{
    private const int MostBytes = 1 << 24;

    /// <summary>Offset and number of each record, in the order of the bytes.</summary>
    public static List<(long Offset, int Id)> Read(World world, string name, ReadOnlySpan<byte> bytes)
    {
        List<(long, int)> records = [];
        foreach (var batch in RecordBatch.Enumerate(bytes))
        {
            if (!batch.IsCrcValid)
                world.Fail($"{name}: the batch at offset {batch.BaseOffset} was given with a wrong checksum");
            else if (BatchRecords.Open(batch, MostBytes, out var opened) != DecompressResult.Ok)
                world.Fail($"{name}: the batch at offset {batch.BaseOffset} can't be decompressed");
            else
                Read(world, name, batch, opened, records);
        }

        return records;
    }

    private static void Read(
        World world, string name, RecordBatch batch, BatchRecords opened, List<(long, int)> records)
    {
        var all = batch.Records(opened.Bytes);
        while (all.MoveNext())
        {
            if (Payload.Read(all.Current.Value, world.Scenario.LargestValue) is { } id)
                records.Add((all.Current.Offset, id));
            else
                world.Fail($"{name}: the record at offset {all.Current.Offset} is not one that was sent");
        }

        if (all.Error is not null)
            world.Fail($"{name}: the batch at offset {batch.BaseOffset} is malformed: {all.Error}");
    }
}
