using System.Diagnostics;
using HdrHistogram;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Load;

/// <summary>
/// Sends single records at due times that nothing moves: a broker that is late makes the next ones late too, which
/// their latency shows. Each record's value begins with its due time. Owned by its thread; the readers look at
/// <see cref="Sent"/>.
/// </summary>
internal sealed class EndToEndSender(
    WireConnection connection, ProduceFrame frame, int valueBytes, int perSecond, LoadWindow window) : ILoadWorker
{
    private readonly LongHistogram _lateness = LatencyReport.NewHistogram();
    private long _start; // written before _sent
    private volatile int _sent;
    private volatile bool _isDone;

    public LoadCounters Counters { get; } = new(window);

    /// <summary>Nanoseconds by which this thread itself was late.</summary>
    public LongHistogram Lateness => _lateness;

    public int Sent => _sent;

    /// <summary>When the first record was due; known once one is sent.</summary>
    public long Start => _start;

    /// <summary><see cref="Sent"/> stays as it is.</summary>
    public bool IsDone => _isDone;

    public void Run()
    {
        try
        {
            var pace = new Pace(Stopwatch.Frequency / perSecond);
            _start = pace.Due(0);
            for (var i = 0; window.MaySend(pace.Due(i), frame.BatchBytes); i++)
            {
                pace.Wait(i);
                Send(i, pace.Due(i));
            }
        }
        finally
        {
            _isDone = true;
        }
    }

    public void Dispose() => connection.Dispose();

    private void Send(int number, long due)
    {
        frame.SetCorrelationId(number);
        frame.SetLastValue(valueBytes, due);
        var now = Stopwatch.GetTimestamp();
        connection.Send(frame.Bytes);
        _sent = number + 1;
        if (!window.Counts(due))
            return;
        LatencyReport.Record(_lateness, Stopwatch.GetElapsedTime(due, now));
        Counters.Count(due, sent: 0, frame.Records, frame.BatchBytes);
    }
}
