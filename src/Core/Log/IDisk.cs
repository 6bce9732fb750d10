namespace Millrace.Core.Log;

/// <summary>A data directory. Paths are relative to it, with '/' between names.</summary>
internal interface IDisk
{
    /// <summary>Opens for reading and writing; makes the file where it is missing.</summary>
    IDiskFile Open(string path);

    bool Exists(string path);

    void Delete(string path);

    /// <summary>Moves a file or directory; a file at the new place is replaced.</summary>
    void Rename(string from, string to);

    void CreateDirectory(string path);

    /// <summary>Deletes the directory with all that is in it.</summary>
    void DeleteDirectory(string path);

    /// <summary>The names of the files and directories in a directory.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Makes creations, deletions and renames in the directory durable ("" is the data directory).</summary>
    void FlushDirectory(string path);
}

/// <summary>
/// An open file. Reads, writes and a flush may run at the same time, and beside a disposal, behind which each is an
/// <see cref="IOException"/>. A file that was deleted can be read, and takes its space, until it is disposed.
/// </summary>
internal interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Fills the destination; fewer bytes only at the end of the file.</summary>
    int Read(long position, Span<byte> destination);

    void Write(long position, ReadOnlySpan<byte> source);

    /// <summary>Makes what was written durable.</summary>
    /// <exception cref="IOException">It may be lost, and a second flush would not bring it back.</exception>
    void Flush();

    void Truncate(long length);

    /// <summary>
    /// Takes space for the first <paramref name="length"/> bytes without making the file longer: a write into them does
    /// not find the disk full.
    /// </summary>
    /// <exception cref="DiskFullException">There is no such space.</exception>
    void Reserve(long length);

    /// <summary>Renames the file, which replaces one at the new place; the handle goes with it.</summary>
    void MoveTo(string path);
}

/// <summary>There is no room for what was to be written: nothing else is wrong, and later there may be room.</summary>
internal sealed class DiskFullException(string message, Exception? inner = null) : IOException(message, inner);
