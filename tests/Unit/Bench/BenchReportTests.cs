using System.Text.Json;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;

namespace Millrace.Unit.Bench;

public sealed class BenchReportTests
{
    [Fact]
    public void Percentiles_are_in_microseconds()
    {
        var histogram = LatencyReport.NewHistogram();
        for (var i = 1; i <= 1000; i++)
            LatencyReport.Record(histogram, TimeSpan.FromMicroseconds(i));

        var report = LatencyReport.Of(histogram)!;

        Assert.Equal(1000, report.Count);
        Assert.Equal(500, report.P50, tolerance: 1);
        Assert.Equal(990, report.P99, tolerance: 1);
        Assert.Equal(999, report.P999, tolerance: 1);
        Assert.Equal(1000, report.Max, tolerance: 1);
        Assert.Equal(500.5, report.Mean, tolerance: 1);
    }

    [Fact]
    public void What_takes_longer_than_the_histogram_reaches_counts_as_its_longest()
    {
        var histogram = LatencyReport.NewHistogram();
        LatencyReport.Record(histogram, TimeSpan.FromDays(1));
        LatencyReport.Record(histogram, TimeSpan.FromTicks(-1));

        Assert.Equal(TimeSpan.FromMinutes(10).TotalMicroseconds, LatencyReport.Of(histogram)!.Max, tolerance: 1e6);
    }

    [Fact]
    public void Nothing_recorded_has_no_percentiles() => Assert.Null(LatencyReport.Of(LatencyReport.NewHistogram()));

    [Fact]
    public void Json_has_every_figure_with_its_unit()
    {
        using var json = JsonDocument.Parse(Report().ToJson());

        var root = json.RootElement;
        Assert.Equal("produce", root.GetProperty("bench").GetString());
        Assert.Equal(100, root.GetProperty("settings").GetProperty("recordBytes").GetInt32());
        Assert.Equal(500, root.GetProperty("figures").GetProperty("megabytesPerSecond").GetDouble());
        Assert.Equal(7, root.GetProperty("latencyMicros").GetProperty("ack").GetProperty("p999").GetDouble());
        Assert.Equal(0.4, root.GetProperty("broker").GetProperty("cpuSecondsPerGb").GetDouble());
        Assert.Equal(1_000_000, root.GetProperty("broker").GetProperty("rssBytes").GetInt64());
        Assert.Equal(5000, root.GetProperty("limits").GetProperty("loopbackMegabytesPerSecond").GetDouble());
        Assert.Equal(0.1, root.GetProperty("shares").GetProperty("ofLoopback").GetDouble());
        Assert.Equal(0.25, root.GetProperty("shares").GetProperty("ofDiskWrite").GetDouble());
        Assert.False(root.GetProperty("shares").TryGetProperty("ofNullBroker", out _), "it was not measured");
        Assert.False(root.TryGetProperty("client", out _), "it was not measured");
    }

    [Fact]
    public void Text_has_the_figures_and_the_limits()
    {
        var text = ReportText.Of(Report());

        Assert.Contains("500", text, StringComparison.Ordinal);
        Assert.Contains("p50 1.0 p99 5.0 p99.9 7.0 max 9.0", text, StringComparison.Ordinal);
        Assert.Contains("2,000.0 MB/s, 25.0% of it reached", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_comes_inside_the_window_counts()
    {
        var window = new LoadWindow(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        window.Begin();
        var counters = new LoadCounters(window);

        counters.Count(window.From - 1, sent: 0, records: 1, bytes: 10);
        counters.Count(window.From, sent: 0, records: 1, bytes: 10);
        counters.Count(window.To, sent: 0, records: 1, bytes: 10);

        Assert.Equal((1, 1, 10), (counters.Requests, counters.Records, counters.Bytes));
    }

    [Fact]
    public void A_load_of_bytes_ends_with_the_request_that_passes_them()
    {
        var window = new LoadWindow(TimeSpan.Zero, TimeSpan.FromSeconds(1), bytes: 25);
        window.Begin();

        bool[] sent = [.. Enumerable.Range(0, 4).Select(_ => window.MaySend(window.From, 10))];

        Assert.Equal([true, true, true, false], sent);
    }

    private static BenchReport Report() => new("produce")
    {
        Settings = { ["recordBytes"] = 100 },
        Figures = { [BenchReport.Throughput] = 500 },
        LatencyMicros = { ["ack"] = new LatencyReport(10, 1, 5, 7, 9, 2) },
        Broker = new ProcessReport(CpuCores: 0.9, CpuSecondsPerGb: 0.4, RssBytes: 1_000_000),
        Limits = new LimitReport
        {
            LoopbackMegabytesPerSecond = 5000,
            DiskWriteMegabytesPerSecond = 2000,
            FdatasyncMicros = new LatencyReport(1, 100, 100, 100, 100, 100),
            PingMicros = new LatencyReport(1, 50, 50, 50, 50, 50),
        },
    };
}
