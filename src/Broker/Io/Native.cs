using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Millrace.Core.Log;

namespace Millrace.Broker.Io;

/// <summary>
/// The calls of the C library on files, by descriptor. .NET's own take three calls to open a file (it locks each and
/// looks at it), report success of a flush that the disk refused, and have several kinds of exceptions; here every
/// failure is an <see cref="IOException"/> that names the call and the file, and a full disk a
/// <see cref="DiskFullException"/>.
/// </summary>
internal static partial class Native
{
    private const int NotFound = 2;
    private const int Interrupted = 4;
    private const int AccessDenied = 13;
    private const int TooManyFilesInSystem = 23;
    private const int TooManyFiles = 24;
    private const int NotADirectory = 20;
    private const int Exists = 17;
    private const int NoSpace = 28;
    private const int NotSupported = 95;
    private const int QuotaExceeded = 122;

    private const string FlushCall = "fsync";
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int CloseOnExec = 0x80000;
    private const int AnyoneMayReadAndWrite = 0x1B6; // less what the process's umask takes away
    private const int AnyoneMayEnter = 0x1FF;
    private const int KeepSize = 1;
    private const int FromEnd = 2;
    private const int DontNeed = 4;

    /// <summary>Opens for reading and writing; for reading alone a file that must not be written.</summary>
    /// <exception cref="TooManyOpenFilesException">The process or the system has no descriptor left.</exception>
    public static int Open(string path, bool create)
    {
        int descriptor;
        while ((descriptor = OpenCall(
            path, ReadWrite | CloseOnExec | (create ? Create : 0), AnyoneMayReadAndWrite)) < 0)
        {
            if (Marshal.GetLastPInvokeError() == AccessDenied
                && (descriptor = OpenCall(path, ReadOnly | CloseOnExec, 0)) >= 0)
                break;
            ThrowUnlessInterrupted("open", path);
        }

        return descriptor;
    }

    /// <summary>A failure to close says nothing that a flush did not say before.</summary>
    public static void Close(int descriptor) => CloseCall(descriptor);

    public static long Length(int descriptor, string path)
    {
        var length = SeekCall(descriptor, 0, FromEnd);
        if (length < 0)
            ThrowUnlessInterrupted("lseek", path);
        return length;
    }

    /// <summary>Fills the destination; fewer bytes only at the end of the file.</summary>
    public static int Read(int descriptor, long position, Span<byte> destination, string path)
    {
        var total = 0;
        while (total < destination.Length)
        {
            var rest = destination[total..];
            var count = ReadCall(descriptor, ref MemoryMarshal.GetReference(rest), rest.Length, position + total);
            if (count == 0)
                break;
            if (count > 0)
                total += (int)count;
            else
                ThrowUnlessInterrupted("read", path);
        }

        return total;
    }

    public static void Write(int descriptor, long position, ReadOnlySpan<byte> source, string path)
    {
        while (!source.IsEmpty)
        {
            var count = WriteCall(descriptor, in MemoryMarshal.GetReference(source), source.Length, position);
            if (count < 0)
            {
                ThrowUnlessInterrupted("write", path);
                continue;
            }

            source = source[(int)count..];
            position += count;
        }
    }

    public static void Truncate(int descriptor, long length, string path)
    {
        while (TruncateCall(descriptor, length) != 0)
            ThrowUnlessInterrupted("ftruncate", path);
    }

    /// <summary>Makes a file's content and length durable.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Fdatasync(int descriptor, string path)
    {
        while (FdatasyncCall(descriptor) != 0)
            ThrowUnlessInterrupted(FlushCall, path);
    }

    public static void Fdatasync(SafeFileHandle file)
    {
        Fdatasync((int)file.DangerousGetHandle(), "a file");
        GC.KeepAlive(file);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">The disk refused, or there is no such directory.</exception>
    public static void FsyncDirectory(string path)
    {
        int directory;
        while ((directory = OpenCall(path, ReadOnly | CloseOnExec, 0)) < 0)
            ThrowUnlessInterrupted("open", path);
        try
        {
            while (FsyncCall(directory) != 0)
                ThrowUnlessInterrupted(FlushCall, path);
        }
        finally
        {
            CloseCall(directory);
        }
    }

    /// <summary>
    /// Takes disk space for the first bytes of a file, whose length stays; nothing where the file system can't.
    /// </summary>
    /// <exception cref="DiskFullException">There is not so much room.</exception>
    public static void Reserve(int descriptor, long length, string path)
    {
        while (Fallocate(descriptor, KeepSize, 0, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() == NotSupported)
                return;
            ThrowUnlessInterrupted("fallocate", path);
        }
    }

    /// <summary>
    /// Lets pages of a file go that are on the disk: the others stay, and no error is told, taken or lost by it.
    /// </summary>
    public static void LetGo(int descriptor, long position, long length) =>
        AdviseCall(descriptor, position, length, DontNeed);

    public static void Rename(string from, string to)
    {
        if (RenameCall(from, to) != 0)
            throw Failure("rename", from);
    }

    /// <summary>Nothing if there is no such file.</summary>
    public static void Unlink(string path)
    {
        if (UnlinkCall(path) != 0 && Marshal.GetLastPInvokeError() != NotFound)
            throw Failure("unlink", path);
    }

    /// <summary>Nothing if it is there. The directory above must be.</summary>
    public static void MakeDirectory(string path)
    {
        if (MakeDirectoryCall(path, AnyoneMayEnter) != 0 && Marshal.GetLastPInvokeError() != Exists)
            throw Failure("mkdir", path);
    }

    public static bool PathExists(string path)
    {
        if (AccessCall(path, 0) == 0)
            return true;
        return Marshal.GetLastPInvokeError() is NotFound or NotADirectory ? false : throw Failure("access", path);
    }

    /// <summary>The same for what .NET throws in calls that this class has not.</summary>
    public static IOException Translated(Exception failure) =>
        failure is IOException { HResult: NoSpace or QuotaExceeded } ? new DiskFullException(failure.Message, failure)
        : failure as IOException ?? new IOException(failure.Message, failure);

    private static void ThrowUnlessInterrupted(string call, string path)
    {
        if (Marshal.GetLastPInvokeError() != Interrupted)
            throw Failure(call, path);
    }

    private static IOException Failure(string call, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)} ({call})";
        return error switch
        {
            // A flush that finds the disk full has lost what it was to write.
            NoSpace or QuotaExceeded when call != FlushCall => new DiskFullException(message),
            NotFound => new FileNotFoundException(message, path),
            TooManyFiles or TooManyFilesInSystem => new TooManyOpenFilesException(message),
            _ => new IOException(message, error),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long SeekCall(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadCall(int descriptor, ref byte buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteCall(int descriptor, ref readonly byte buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int TruncateCall(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdatasyncCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(int descriptor, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int AdviseCall(int descriptor, long position, long length, int advice);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCall(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkCall(string path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectoryCall(string path, int mode);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AccessCall(string path, int mode);
}

/// <summary>No descriptor is left, in the process (ulimit -n) or in the system: as if there were no room.</summary>
internal sealed class TooManyOpenFilesException(string message) : DiskFullException(message);
