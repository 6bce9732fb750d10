using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Millrace.Bench.Load;

/// <summary>
/// Due times at a fixed distance, and waiting for them: asleep until shortly before, then awake, for a sleeping thread
/// comes back late. Owned by one thread.
/// </summary>
internal sealed partial class Pace(long intervalTicks)
{
    private const int Monotonic = 1;
    private const int AbsoluteTime = 1;
    private const long SecondInNanos = 1_000_000_000;
    private static readonly long AwakeTicks = Stopwatch.Frequency / 1_000_000 * 80;

    private readonly long _start = Stopwatch.GetTimestamp();

    public long Due(long number) => _start + (number * intervalTicks);

    /// <summary>Returns when the request of this number is due; at once without a pace.</summary>
    public void Wait(long number)
    {
        if (intervalTicks > 0)
            WaitUntil(Due(number));
    }

    private static void WaitUntil(long due)
    {
        var left = due - Stopwatch.GetTimestamp();
        if (left > AwakeTicks)
            Sleep(due - AwakeTicks);
        while (Stopwatch.GetTimestamp() < due)
            Thread.SpinWait(10);
    }

    /// <summary>The monotonic clock counts what <see cref="Stopwatch"/> does, in nanoseconds, on Linux.</summary>
    private static void Sleep(long until)
    {
        if (OperatingSystem.IsLinux())
        {
            var time = new TimeSpec { Seconds = until / SecondInNanos, Nanoseconds = until % SecondInNanos };
            _ = ClockNanosleep(Monotonic, AbsoluteTime, in time, 0);
        }
        else
        {
            Thread.Sleep(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until));
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int ClockNanosleep(int clock, int flags, in TimeSpec until, nint left);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
