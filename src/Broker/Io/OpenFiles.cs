using System.Runtime.InteropServices;

namespace Millrace.Broker.Io;

/// <summary>How many files and sockets this process may have open.</summary>
internal static partial class OpenFiles
{
    private const int ResourceOpenFiles = 7;
    private const int Unknown = 1024;
    private const int FewestForLogs = 64;
    private const int MostForLogs = 1024;

    /// <summary>The soft limit, which .NET raises to the hard one at the start.</summary>
    public static int Limit =>
        GetLimit(ResourceOpenFiles, out var limit) == 0 ? (int)Math.Min(limit.Soft, int.MaxValue) : Unknown;

    /// <summary>
    /// How many of them the logs keep: a quarter, for they may need twice that for a while, and connections the rest.
    /// More than a thousand gain nothing, for opening a file again costs microseconds.
    /// </summary>
    public static int ForLogs => Math.Clamp(Limit / 4, FewestForLogs, MostForLogs);

    /// <summary>How many files responses on the way may keep open, whatever becomes of them, for each loop.</summary>
    public static int ToLendPerLoop => ForLogs / 8;

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);
}
