using System.Globalization;
using System.Text;

namespace Millrace.Web;

/// <summary>What the process and its runtime use, in the text format of Prometheus, by OpenTelemetry's names.</summary>
internal static class RuntimeMetrics
{
    public const string ContentType = "text/plain; version=0.0.4";

    public static string Text()
    {
        // Precise, which halts the threads for a moment: a steady loop allocates less than a thread takes at once.
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var text = new StringBuilder();
        Counter(text, "dotnet_gc_heap_total_allocated_bytes_total", "Bytes allocated on the managed heap.");
        Sample(text, "dotnet_gc_heap_total_allocated_bytes_total", allocated);
        Counter(text, "dotnet_gc_collections_total", "Garbage collections, by the oldest generation collected.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            var older = generation < GC.MaxGeneration ? GC.CollectionCount(generation + 1) : 0;
            Sample(text, $"dotnet_gc_collections_total{{generation=\"{generation}\"}}",
                GC.CollectionCount(generation) - older);
        }

        Counter(text, "dotnet_gc_pause_time_seconds_total", "Time for which collections halted the threads.");
        Sample(text, "dotnet_gc_pause_time_seconds_total", GC.GetTotalPauseDuration().TotalSeconds);
        Gauge(text, "dotnet_gc_heap_bytes", "Bytes of the managed heap after the latest collection.");
        Sample(text, "dotnet_gc_heap_bytes", GC.GetGCMemoryInfo().HeapSizeBytes);
        Gauge(text, "process_resident_memory_bytes", "Resident memory.");
        Sample(text, "process_resident_memory_bytes", Environment.WorkingSet);
        Counter(text, "process_cpu_seconds_total", "Processor time, user and system.");
        Sample(text, "process_cpu_seconds_total", Environment.CpuUsage.TotalTime.TotalSeconds);
        return text.ToString();
    }

    private static void Counter(StringBuilder text, string name, string help) => Head(text, name, "counter", help);

    private static void Gauge(StringBuilder text, string name, string help) => Head(text, name, "gauge", help);

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Sample(StringBuilder text, string name, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
}
