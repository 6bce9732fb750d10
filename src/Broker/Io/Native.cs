using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Millrace.Broker.Io;

/// <summary>
/// The calls of the C library that .NET lacks or gets wrong: its own flush of a file reports success when the disk
/// refused (a negative result of fsync is not seen).
/// </summary>
internal static partial class Native
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;
    private const int Interrupted = 4;

    /// <summary>Makes a file's content and length durable.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Fdatasync(SafeFileHandle file)
    {
        while (FdatasyncCall(file) != 0)
            ThrowUnlessInterrupted("fdatasync");
    }

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">The disk refused, or there is no such directory.</exception>
    public static void FsyncDirectory(string path)
    {
        int descriptor;
        while ((descriptor = OpenCall(path, ReadOnly | CloseOnExec)) < 0)
            ThrowUnlessInterrupted("open");
        using var directory = new SafeFileHandle(descriptor, ownsHandle: true);
        while (FsyncCall(directory) != 0)
            ThrowUnlessInterrupted("fsync");
    }

    private static void ThrowUnlessInterrupted(string call)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error != Interrupted)
            throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdatasyncCall(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCall(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);
}
