using System.Buffers.Binary;
using System.Diagnostics;
using HdrHistogram;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;
using Millrace.Protocol.Records;

namespace Millrace.Bench.Load;

/// <summary>Fetches what an <see cref="EndToEndSender"/> sends and compares each record's due time with the clock.
/// </summary>
internal sealed class EndToEndConsumer : ILoadWorker
{
    private const int FetchBytes = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FetchExchange _exchange;
    private readonly int _partition;
    private readonly EndToEndSender _sender;
    private readonly LoadWindow _window;
    private readonly long _start;
    private long _next;

    /// <param name="exchange">With the partition's leader; owned.</param>
    /// <param name="partition">What to fetch.</param>
    /// <param name="start">The offset that the first record will have.</param>
    /// <param name="sender">Who sends.</param>
    /// <param name="window">When.</param>
    public EndToEndConsumer(
        FetchExchange exchange, int partition, long start, EndToEndSender sender, LoadWindow window)
    {
        _exchange = exchange;
        _partition = partition;
        _start = _next = start;
        _sender = sender;
        _window = window;
        Counters = new LoadCounters(window);
    }

    public LoadCounters Counters { get; }

    /// <summary>Nanoseconds from a record's due time to its arrival.</summary>
    public LongHistogram Latency { get; } = LatencyReport.NewHistogram();

    public void Run()
    {
        var last = Stopwatch.GetTimestamp();
        while (!_window.IsAborted && !(_sender.IsDone && _next - _start == _sender.Sent))
        {
            var before = _next;
            foreach (var batch in RecordBatch.Enumerate(_exchange.Fetch(_partition, _next, FetchBytes)))
                Take(batch);
            if (_next > before)
                last = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(last) > Patience)
                throw new BenchException($"{_next - _start} of {_sender.Sent} records have come.");
        }
    }

    public void Dispose() => _exchange.Dispose();

    private void Take(RecordBatch batch)
    {
        var now = Stopwatch.GetTimestamp();
        if (batch.BaseOffset != _next)
            throw new BenchException($"Offset {batch.BaseOffset} came where {_next} was due.");
        foreach (var record in batch.Records(batch.RecordBytes))
        {
            var due = BinaryPrimitives.ReadInt64BigEndian(record.Value);
            if (_window.Counts(due))
                LatencyReport.Record(Latency, Stopwatch.GetElapsedTime(due, now));
        }

        _next = batch.LastOffset + 1;
    }
}
