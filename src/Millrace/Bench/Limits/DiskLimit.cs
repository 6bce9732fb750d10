using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Limits;

/// <summary>What the disk of a directory gives to one thread that appends to a file.</summary>
internal static partial class DiskLimit
{
    private const long MostBytes = 4L << 30;

    /// <summary>Bytes a second: into the page cache, and down to stable storage.</summary>
    public static (double Written, double Flushed) BytesPerSecond(string directory, int chunkBytes, TimeSpan duration)
    {
        using var file = Open(directory);
        var chunk = Filled(chunkBytes);
        var began = Stopwatch.GetTimestamp();
        var total = 0L;
        while (Stopwatch.GetElapsedTime(began) < duration && total < MostBytes)
        {
            RandomAccess.Write(file, chunk, total);
            total += chunk.Length;
        }

        var written = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Flush(file);
        return (total / written, total / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>How long a flush takes behind each append of the given size.</summary>
    public static LatencyReport Fdatasync(string directory, int chunkBytes, TimeSpan duration)
    {
        using var file = Open(directory);
        var chunk = Filled(chunkBytes);
        var histogram = LatencyReport.NewHistogram();
        var began = Stopwatch.GetTimestamp();
        for (var total = 0L; Stopwatch.GetElapsedTime(began) < duration; total += chunk.Length)
        {
            RandomAccess.Write(file, chunk, total);
            var flushed = Stopwatch.GetTimestamp();
            Flush(file);
            LatencyReport.Record(histogram, Stopwatch.GetElapsedTime(flushed));
        }

        return LatencyReport.Of(histogram)!;
    }

    private static byte[] Filled(int bytes)
    {
        var chunk = new byte[bytes];
        Random.Shared.NextBytes(chunk);
        return chunk;
    }

    private static SafeFileHandle Open(string directory)
    {
        try
        {
            return File.OpenHandle(
                Path.Combine(directory, $"millrace-bench-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write,
                options: FileOptions.DeleteOnClose);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"The disk can't be measured: {refused.Message} Give --limits-dir.", refused);
        }
    }

    private static void Flush(SafeFileHandle file)
    {
        if (FdatasyncCall(file) != 0)
            throw new BenchException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdatasyncCall(SafeFileHandle file);
}
