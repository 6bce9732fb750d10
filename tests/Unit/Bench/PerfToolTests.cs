using Millrace.Bench;
using Millrace.Bench.Brokers;
using Millrace.Bench.Compare;

namespace Millrace.Unit.Bench;

/// <summary>What other programs print, read for its figures.</summary>
public sealed class PerfToolTests
{
    [Fact]
    public void Of_ProducerPerformance_the_last_line_counts() => Assert.Equal(
        10.48576,
        PerfTool.ProducerMegabytes("""
            1000 records sent, 200.0 records/sec (0.02 MB/sec), 2.1 ms avg latency, 90.0 ms max latency.
            3000 records sent, 104857.6 records/sec (10.00 MB/sec), 2.05 ms avg latency, 90.00 ms max latency, 1 ms 50th
            """),
        tolerance: 1e-9);

    [Fact]
    public void Of_ConsumerPerformance_the_time_of_fetching_counts() => Assert.Equal(
        209.7152,
        PerfTool.ConsumerMegabytes("""
            start.time, end.time, data.consumed.in.MB, MB.sec, ..., fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
            2026-01-01 00:00:00:000, 2026-01-01 00:00:01:000, 100.0, 100.0, 1000, 1000.0, 500, 500, 200.0, 2000.0
            """),
        tolerance: 1e-9);

    [Fact]
    public void Of_EndToEndLatency_the_average_counts() => Assert.Equal(
        0.8213, PerfTool.AverageMillis("0\t5.5\n\nAvg latency: 0.8213 ms\n\nPercentiles: 50th = 0, 99th = 4"));

    [Fact]
    public void A_tool_that_prints_no_figure_is_told()
    {
        Assert.Throws<BenchException>(() => PerfTool.ProducerMegabytes("Usage: ..."));
        Assert.Throws<BenchException>(() => PerfTool.ConsumerMegabytes("Usage: ...\n"));
        Assert.Throws<BenchException>(() => PerfTool.AverageMillis(""));
    }

    [Fact]
    public void A_tool_gets_its_name_and_arguments() =>
        Assert.Equal("Tool a b\n", new PerfTool("echo {tool} {arguments}").Run("Tool", "a b"));

    [Fact]
    public void A_tool_that_fails_is_told() =>
        Assert.Throws<BenchException>(() => new PerfTool("false {tool}").Run("Tool", ""));

    [Fact]
    public void Figures_of_the_runtime_are_summed_over_their_labels() => Assert.Equal(
        new RuntimeFigures(AllocatedBytes: 12_345, Collections: 7),
        RuntimeFigures.Parse("""
            # HELP dotnet_gc_collections_total Collections.
            dotnet_gc_collections_total{generation="0"} 4
            dotnet_gc_collections_total{generation="1"} 2
            dotnet_gc_collections_total{generation="2"} 1
            dotnet_gc_heap_total_allocated_bytes_total 12345
            """));

    [Fact]
    public void A_figure_of_the_runtime_that_is_missing_is_told() =>
        Assert.Throws<FormatException>(() => RuntimeFigures.Parse("dotnet_gc_collections_total 4"));

    [Fact]
    public void Idle_is_a_share_of_all_ticks_but_guests() => Assert.Equal(
        0.5, Idle.Between("cpu  100 0 100 1000 0 0 0 0 50 0", "cpu  110 0 110 1040 10 0 10 0 60 0"));

    [Fact]
    public void Without_time_there_is_no_share() =>
        Assert.Null(Idle.Between("cpu  1 2 3 4 5 6 7 8 9 0", "cpu  1 2 3 4 5 6 7 8 9 0"));
}
