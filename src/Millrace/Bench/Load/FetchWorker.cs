using System.Diagnostics;
using Millrace.Bench.Wire;
using Millrace.Protocol.Records;

namespace Millrace.Bench.Load;

/// <summary>
/// One fetching connection: reads its partitions in turn from their start to their end, and over again. What comes must
/// go on where the last response ended. Owned by its thread.
/// </summary>
/// <param name="exchange">With the leader of all <paramref name="ranges"/>; owned.</param>
/// <param name="topic">The topic's name.</param>
/// <param name="ranges">What to read.</param>
/// <param name="options">How.</param>
/// <param name="window">When.</param>
internal sealed class FetchWorker(
    FetchExchange exchange, string topic, IReadOnlyList<FetchRange> ranges, FetchOptions options, LoadWindow window)
    : ILoadWorker
{
    public LoadCounters Counters { get; } = new(window);

    public void Run()
    {
        for (var i = 0; Stopwatch.GetTimestamp() is var now && window.MaySend(now, options.FetchBytes); i++)
        {
            var (records, bytes) = Fetch(ranges[i % ranges.Count]);
            Counters.Count(Stopwatch.GetTimestamp(), now, records, bytes);
        }
    }

    public void Dispose() => exchange.Dispose();

    private (long Records, long Bytes) Fetch(FetchRange range)
    {
        // A last batch that is cut off by the size that was asked for comes again, whole.
        var from = range.Next;
        long records = 0;
        long bytes = 0;
        foreach (var batch in RecordBatch.Enumerate(exchange.Fetch(range.Partition, from, options.FetchBytes)))
        {
            range.Accept(topic, batch, options.ChecksCrc);
            records += batch.Count;
            bytes += batch.SizeInBytes;
        }

        if (bytes == 0)
            throw new BenchException($"A fetch of {topic}-{range.Partition} at {from} brought no whole batch.");
        range.WrapAtEnd();
        return (records, bytes);
    }
}
