namespace Millrace.Core.Log;

/// <summary>
/// A data directory. Paths are relative to it, with '/' between names. Whatever fails is an
/// <see cref="IOException"/>, and a <see cref="DiskFullException"/> where only room was missing.
/// </summary>
internal interface IDisk
{
    /// <summary>Opens for reading and writing; makes the file where it is missing.</summary>
    IDiskFile Open(string path);

    bool Exists(string path);

    /// <summary>Deletes a file; nothing if it is missing.</summary>
    void Delete(string path);

    /// <summary>
    /// Moves a file or directory; a file at the new place is replaced. Not a file that is open and goes on being used:
    /// see <see cref="IDiskFile.MoveTo"/>.
    /// </summary>
    void Rename(string from, string to);

    /// <summary>Nothing if it is there. The directory above must be.</summary>
    void CreateDirectory(string path);

    /// <summary>Deletes the directory with all that is in it; nothing if it is missing.</summary>
    void DeleteDirectory(string path);

    /// <summary>The names of the files and directories in a directory.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Makes creations, deletions and renames in the directory durable ("" is the data directory).</summary>
    void FlushDirectory(string path);
}

/// <summary>
/// An open file. Reads, writes, a flush and a move may run at the same time, and beside a disposal, behind which each
/// is a <see cref="FileClosedException"/>. A file that is deleted while it is open, or whose directory is renamed, may
/// still be read for a time, but need not: at any moment that becomes a <see cref="FileNotFoundException"/>. It takes
/// its space until it is disposed, which it must be before another of its name is made.
/// </summary>
internal interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Fills the destination; fewer bytes only at the end of the file.</summary>
    int Read(long position, Span<byte> destination);

    /// <exception cref="DiskFullException">There is no room; a part may have been written.</exception>
    void Write(long position, ReadOnlySpan<byte> source);

    /// <summary>Makes what was written durable.</summary>
    /// <exception cref="IOException">It may be lost, and a second flush would not bring it back. That goes for a full
    /// disk too, if it is found only now: <see cref="DiskFullException"/> says that nothing was tried.</exception>
    void Flush();

    void Truncate(long length);

    /// <summary>
    /// Takes space for the first <paramref name="length"/> bytes without making the file longer: a write into them does
    /// not find the disk full.
    /// </summary>
    /// <exception cref="DiskFullException">There is no such space.</exception>
    void Reserve(long length);

    /// <summary>Renames the file, which replaces one at the new place; it stays open.</summary>
    void MoveTo(string path);

    /// <summary>
    /// The operating system's descriptor, which stays open until <see cref="TakeBack"/>, also behind a disposal; -1
    /// where there is none.
    /// </summary>
    int Lend() => -1;

    /// <summary>Ends one loan.</summary>
    void TakeBack()
    {
    }
}

/// <summary>There is no room for what was to be written: nothing else is wrong, and later there may be room.</summary>
internal class DiskFullException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The file was disposed.</summary>
internal sealed class FileClosedException(string message) : IOException(message);
