using System.Diagnostics;

namespace Millrace.Demo;

/// <summary>What there is to see of a running demo; numbers are read as they are at the moment.</summary>
internal sealed class Dashboard(OrderApplication application, IReadOnlyList<ConsumerProcess> consumers)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _events = [];
    private (TimeSpan At, long Committed) _before;

    public OrderApplication Application => application;

    public IReadOnlyList<ConsumerProcess> Consumers => consumers;

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Row changes of committed transactions.</summary>
    public long Changes => application.ChangesIn(Shop.Tables);

    /// <summary>Records that the topics hold, as far as the services know.</summary>
    public long Records => consumers.Sum(c => c.Report.Position + c.Report.Lag);

    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_events)
                return [.. _events];
        }
    }

    public void Add(string happened)
    {
        lock (_events)
            _events.Add($"{Elapsed.TotalSeconds,5:0.0} s  {happened}");
    }

    /// <summary>Transactions a second since it was last asked.</summary>
    public double TakeRate()
    {
        var now = (At: Elapsed, application.Committed);
        var rate = (now.Committed - _before.Committed) / Math.Max(0.001, (now.At - _before.At).TotalSeconds);
        _before = now;
        return rate;
    }

    public (LatencyHistogram All, LatencyHistogram Calm) Latencies()
    {
        var (all, calm) = (new LatencyHistogram(), new LatencyHistogram());
        foreach (var consumer in consumers)
            consumer.AddLatencies(all, calm);
        return (all, calm);
    }
}
