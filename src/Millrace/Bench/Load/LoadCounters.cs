using System.Diagnostics;
using HdrHistogram;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Load;

/// <summary>What one thread of a load has done inside the window.</summary>
internal sealed class LoadCounters(LoadWindow window)
{
    public long Requests { get; private set; }

    public long Records { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>When the last counted reply came.</summary>
    public long LastReply { get; private set; }

    /// <summary>Nanoseconds from sending to reply.</summary>
    public LongHistogram Latency { get; } = LatencyReport.NewHistogram();

    /// <summary>Notes one request; not if it is outside the window.</summary>
    public void Count(long now, long sent, long records, long bytes)
    {
        if (!window.Counts(now))
            return;
        Requests++;
        Records += records;
        Bytes += bytes;
        LastReply = now;
        if (sent > 0)
            LatencyReport.Record(Latency, Stopwatch.GetElapsedTime(sent, now));
    }

    public void Add(LoadCounters other)
    {
        Requests += other.Requests;
        Records += other.Records;
        Bytes += other.Bytes;
        LastReply = Math.Max(LastReply, other.LastReply);
        Latency.Add(other.Latency);
    }
}
