using System.Globalization;
using System.Runtime.InteropServices;

namespace Millrace.Broker.Io;

/// <summary>
/// Whether a process holds a data directory's <c>.lock</c>, found out without touching it: an attempt to take the lock,
/// however short, could make a start at that moment fail.
/// </summary>
internal static partial class DirectoryLock
{
    private const string Locks = "/proc/locks";
    private const int CurrentDirectory = -100;
    private const int InodeOnly = 0x100;
    private const int InodeAt = 32;

    /// <summary>Null where that can't be found out.</summary>
    public static bool? IsHeld(string directory)
    {
        string path = Path.Combine(directory, ".lock");
        if (!File.Exists(path))
            return false;
        try
        {
            if (!OperatingSystem.IsLinux() || !File.Exists(Locks) || InodeOf(path) is not { } inode)
                return null;

            // 1: FLOCK  ADVISORY  WRITE 4711 08:01:131074 0 EOF
            string end = ":" + inode.ToString(CultureInfo.InvariantCulture);
            return File.ReadLines(Locks).Any(line => line.Split(' ').Any(
                field => field.Count(':') == 2 && field.EndsWith(end, StringComparison.Ordinal)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ulong? InodeOf(string path)
    {
        Span<byte> status = stackalloc byte[256];
        return Statx(CurrentDirectory, path, 0, InodeOnly, ref MemoryMarshal.GetReference(status)) == 0
            ? MemoryMarshal.Read<ulong>(status[InodeAt..])
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte status);
}
