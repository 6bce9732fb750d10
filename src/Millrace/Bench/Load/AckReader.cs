using System.Diagnostics;
using HdrHistogram;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;
using Millrace.Protocol;

namespace Millrace.Bench.Load;

/// <summary>
/// Reads the acknowledgements of what an <see cref="EndToEndSender"/> sends over the same connection.
/// </summary>
/// <param name="connection">The sender's, which owns it.</param>
/// <param name="version">The version of Produce.</param>
/// <param name="sender">Who sends.</param>
/// <param name="perSecond">How often.</param>
/// <param name="window">When.</param>
internal sealed class AckReader(
    WireConnection connection, short version, EndToEndSender sender, int perSecond, LoadWindow window) : ILoadWorker
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    public LoadCounters Counters { get; } = new(window);

    /// <summary>Nanoseconds from a record's due time to its acknowledgement.</summary>
    public LongHistogram Latency { get; } = LatencyReport.NewHistogram();

    public void Run()
    {
        var interval = Stopwatch.Frequency / perSecond;
        var answered = 0;
        while (!window.IsAborted && !(sender.IsDone && answered == sender.Sent))
        {
            if (!connection.WaitForData(Glance))
                continue;
            var reply = ProduceReply.Read(connection.Receive(), version);
            if (reply.Error != ErrorCode.None || reply.CorrelationId != answered)
                throw new BenchException($"Record {answered} was answered with {reply.Error}.");
            var due = sender.Start + (answered++ * interval);
            if (window.Counts(due))
                LatencyReport.Record(Latency, Stopwatch.GetElapsedTime(due));
        }
    }

    public void Dispose()
    {
        // The connection is the sender's.
    }
}
