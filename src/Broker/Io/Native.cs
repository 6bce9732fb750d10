using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Millrace.Core.Log;

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
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int NotSupported = 95;
    private const int KeepSize = 1;

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

    /// <summary>
    /// Takes disk space for the first bytes of a file, whose length stays; nothing where the file system can't.
    /// </summary>
    /// <exception cref="DiskFullException">There is not so much room.</exception>
    public static void Reserve(SafeFileHandle file, long length)
    {
        while (Fallocate(file, KeepSize, 0, length) != 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case NoSpace or QuotaExceeded:
                    throw new DiskFullException("The disk is full.");
                case NotSupported:
                    return;
                default:
                    ThrowUnlessInterrupted("fallocate");
                    break;
            }
        }
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

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);
}
