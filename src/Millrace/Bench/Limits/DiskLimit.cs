using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Limits;

/// <summary>What the disk of a directory gives to one thread that appends to a file.</summary>
internal static partial class DiskLimit
{
    private const long MostBytes = 8L << 30;
    private const long ReadBytes = 2L << 30;
    private const int ReadChunk = 1 << 20;
    private const long StepBytes = 8 << 20;
    private const long BehindBytes = 64 << 20;
    private const int DontNeed = 4;
    private const uint StartWriting = 2;
    private const uint WriteAndWait = 7;

    /// <summary>
    /// Bytes a second, down to stable storage: what is written is started at once and dropped from the page cache
    /// behind, for memory that was never used is slower than the disk on some machines. And what was written when the
    /// last write returned.
    /// </summary>
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
            if (total / StepBytes > (total - chunk.Length) / StepBytes)
                WriteBehind(file, total / StepBytes * StepBytes);
        }

        var written = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Flush(file);
        return (total / written, total / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>
    /// Bytes a second of a file that is on the disk alone, read in its order and dropped from the page cache behind.
    /// </summary>
    public static double ReadBytesPerSecond(string directory)
    {
        using var file = Open(directory, FileAccess.ReadWrite);
        var chunk = Filled(ReadChunk);
        for (var at = 0L; at < ReadBytes; at += chunk.Length)
        {
            RandomAccess.Write(file, chunk, at);
            if ((at + chunk.Length) % StepBytes == 0)
                WriteBehind(file, at + chunk.Length);
        }

        Flush(file);
        _ = PosixFadvise(file, 0, 0, DontNeed);
        var began = Stopwatch.GetTimestamp();
        for (var at = 0L; at < ReadBytes; at += chunk.Length)
        {
            RandomAccess.Read(file, chunk, at);
            if (at % StepBytes == 0 && at > 0)
                _ = PosixFadvise(file, at - StepBytes, StepBytes, DontNeed);
        }

        return ReadBytes / Stopwatch.GetElapsedTime(began).TotalSeconds;
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

    private static SafeFileHandle Open(string directory, FileAccess access = FileAccess.Write)
    {
        try
        {
            return File.OpenHandle(
                Path.Combine(directory, $"millrace-bench-{Guid.NewGuid():N}"), FileMode.CreateNew, access,
                options: FileOptions.DeleteOnClose);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"The disk can't be measured: {refused.Message} Give --limits-dir.", refused);
        }
    }

    private static void WriteBehind(SafeFileHandle file, long end)
    {
        _ = SyncFileRange(file, end - StepBytes, StepBytes, StartWriting);
        if (end <= BehindBytes)
            return;
        _ = SyncFileRange(file, end - BehindBytes - StepBytes, StepBytes, WriteAndWait);
        _ = PosixFadvise(file, end - BehindBytes - StepBytes, StepBytes, DontNeed);
    }

    private static void Flush(SafeFileHandle file)
    {
        if (FdatasyncCall(file) != 0)
            throw new BenchException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long bytes, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long bytes, int advice);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdatasyncCall(SafeFileHandle file);
}
