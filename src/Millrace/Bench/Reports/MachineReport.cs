using System.Runtime.InteropServices;

namespace Millrace.Bench.Reports;

/// <summary>Where a figure was measured.</summary>
internal sealed record MachineReport(string Processor, int Cores, long MemoryBytes, string System, string Runtime)
{
    public static MachineReport Here() => new(
        FindProcessor(), Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription);

    private static string FindProcessor()
    {
        const string processors = "/proc/cpuinfo";
        var line = File.Exists(processors)
            ? File.ReadLines(processors).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
