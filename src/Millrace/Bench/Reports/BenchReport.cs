using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Commands;

namespace Millrace.Bench.Reports;

/// <summary>
/// What a benchmark found; <c>-o json</c> prints it as it is. Figures are named with their unit; MB is 10^6 bytes, GB
/// 10^9. Bytes are those of record batches as they are sent.
/// </summary>
internal sealed record BenchReport(string Bench)
{
    public const string Throughput = "megabytesPerSecond";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    public string Version { get; } = VersionCommand.Version;

    public MachineReport Machine { get; } = MachineReport.Here();

    /// <summary>What was asked for.</summary>
    public Dictionary<string, object> Settings { get; init; } = [];

    public Dictionary<string, double> Figures { get; init; } = [];

    /// <summary>Latencies by what they are of.</summary>
    public Dictionary<string, LatencyReport> LatencyMicros { get; init; } = [];

    /// <summary>Null without --pid.</summary>
    public ProcessReport? Broker { get; init; }

    /// <summary>This process.</summary>
    public ProcessReport? Client { get; init; }

    public LimitReport? Limits { get; init; }

    /// <summary>The throughput as a share of each limit.</summary>
    public Dictionary<string, double>? Shares => Limits is null || !Figures.TryGetValue(Throughput, out var reached)
        ? null
        : new Dictionary<string, double?>
        {
            ["ofLoopback"] = Limits.LoopbackMegabytesPerSecond,
            ["ofNullBroker"] = Limits.NullBrokerMegabytesPerSecond,
            ["ofDiskWrite"] = Limits.DiskWriteMegabytesPerSecond,
            ["ofDiskFlushed"] = Limits.DiskFlushedMegabytesPerSecond,
        }
        .Where(limit => limit.Value > 0)
        .ToDictionary(limit => limit.Key, limit => Math.Round(reached / limit.Value!.Value, 3));

    public static BenchReport Of(
        string bench, Dictionary<string, object> settings, LoadResult result, string latencyOf, LimitReport? limits)
    {
        var counters = result.Counters;
        var report = new BenchReport(bench)
        {
            Settings = settings,
            Figures = new Dictionary<string, double>
            {
                [Throughput] = Math.Round(result.MegabytesPerSecond, 2),
                ["recordsPerSecond"] = Math.Round(counters.Records / result.Seconds, 1),
                ["requestsPerSecond"] = Math.Round(counters.Requests / result.Seconds, 1),
                ["seconds"] = Math.Round(result.Seconds, 3),
                ["records"] = counters.Records,
                ["bytes"] = counters.Bytes,
                ["clientAllocatedBytesPerRequest"] =
                    Math.Round((double)result.ClientAllocatedBytes / counters.Requests, 1),
            },
            Broker = result.Broker,
            Client = result.Client,
            Limits = limits,
        };
        if (LatencyReport.Of(counters.Latency) is { } latency)
            report.LatencyMicros[latencyOf] = latency;
        return report;
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
