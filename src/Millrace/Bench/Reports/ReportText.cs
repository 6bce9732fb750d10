using System.Globalization;
using System.Text;
using Millrace.Bench.Limits;

namespace Millrace.Bench.Reports;

/// <summary>A report for people.</summary>
internal static class ReportText
{
    private const int NameColumns = 16;

    public static string Of(BenchReport report)
    {
        var text = new StringBuilder();
        var settings = report.Settings.Select(setting => Setting(setting.Key, setting.Value));
        text.AppendLine($"{report.Bench}  {string.Join(' ', settings)}");
        foreach (var (name, value) in report.Figures)
            Line(text, name, value.ToString("#,0.###", CultureInfo.InvariantCulture));
        foreach (var (name, latency) in report.LatencyMicros)
            Line(text, name, latency.ToString());
        if (report.Broker is { } broker)
            Line(text, "broker", Process(broker));
        if (report.Client is { } client)
            Line(text, "client", Process(client));
        if (report.Limits is { } limits)
            Limits(text, limits, report.Shares);
        return text.ToString();
    }

    private static string Setting(string name, object value) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}={value}");

    private static string Process(ProcessReport process) => string.Create(
        CultureInfo.InvariantCulture,
        $"CPU {process.CpuCores:0.00} cores, {process.CpuSecondsPerGb:0.000} s/GB, "
        + $"RSS {process.RssBytes / 1e6:0.0} MB");

    private static void Limits(StringBuilder text, LimitReport limits, Dictionary<string, double>? shares)
    {
        Line(text, "limits", "measured just after");
        Limit("loopback", limits.LoopbackMegabytesPerSecond, "ofLoopback");
        Limit("null broker", limits.NullBrokerMegabytesPerSecond, "ofNullBroker");
        Limit("disk write", limits.DiskWriteMegabytesPerSecond, "ofDiskWrite");
        Limit("disk flushed", limits.DiskFlushedMegabytesPerSecond, "ofDiskFlushed");
        Limit("disk read", limits.DiskReadMegabytesPerSecond, "ofDiskRead");
        if (limits.FdatasyncMicros is { } flush)
            Line(text, "  fdatasync", flush.ToString());
        Line(text, "  ping", limits.PingMicros.ToString());

        void Limit(string name, double? value, string share)
        {
            if (value is null)
                return;
            var reached = shares is not null && shares.TryGetValue(share, out var part)
                ? string.Create(CultureInfo.InvariantCulture, $", {part:0.0%} of it reached")
                : "";
            Line(text, $"  {name}", string.Create(CultureInfo.InvariantCulture, $"{value:#,0.0} MB/s{reached}"));
        }
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.AppendLine($"  {Spaced(name).PadRight(NameColumns)}  {value}");

    /// <summary>megabytesPerSecond -> MB/s; recordsPerSecond -> records/s.</summary>
    private static string Spaced(string name) =>
        name.Replace("megabytes", "MB", StringComparison.Ordinal).Replace("PerSecond", "/s", StringComparison.Ordinal);
}
