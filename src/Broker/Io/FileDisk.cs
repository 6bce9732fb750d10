using System.IO.Enumeration;
using Millrace.Core.Log;

namespace Millrace.Broker.Io;

/// <summary>
/// A data directory in the file system. However many files are open, few of them hold a descriptor at a time
/// (<see cref="FileHandles"/>). Every failure is an <see cref="IOException"/>.
/// </summary>
internal sealed class FileDisk : IDisk
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _root;
    private readonly FileHandles _handles;
    private readonly WrittenPages _written;

    /// <param name="root">The directory, which is made if it is not there.</param>
    /// <param name="mostHandles">So many descriptors are kept, but for files with unflushed writes.</param>
    /// <param name="cacheBytes">So much of what was written last is left in the page cache; negative for all.</param>
    public FileDisk(string root, int mostHandles, long cacheBytes = -1)
    {
        _root = Path.GetFullPath(root);
        _handles = new FileHandles(mostHandles);
        _written = new WrittenPages(cacheBytes);
        Guarded(() => Directory.CreateDirectory(_root));
    }

    public FileDisk(string root)
        : this(root, OpenFiles.ForLogs)
    {
    }

    /// <summary>Descriptors that are open now.</summary>
    public int Handles => _handles.Count;

    /// <summary>Bytes that were written and flushed, and are still within the budget.</summary>
    public long WrittenBytesInCache => _written.Bytes;

    public IDiskFile Open(string path) => FileDiskFile.Open(_root, path, _handles, _written);

    public bool Exists(string path) => Native.PathExists(Full(path));

    public void Delete(string path) => Native.Unlink(Full(path));

    public void Rename(string from, string to) => Native.Rename(Full(from), Full(to));

    public void CreateDirectory(string path) => Native.MakeDirectory(Full(path));

    public void DeleteDirectory(string path)
    {
        if (Exists(path))
            Guarded(() => Directory.Delete(Full(path), recursive: true));
    }

    public IReadOnlyList<string> List(string path)
    {
        IReadOnlyList<string> names = [];
        Guarded(() => names =
        [
            .. new FileSystemEnumerable<string>(
                Full(path), (ref FileSystemEntry entry) => entry.FileName.ToString(), Everything),
        ]);
        return names;
    }

    public void FlushDirectory(string path) => Native.FsyncDirectory(Full(path));

    /// <summary>
    /// Closes the descriptors that were not used since the last call, but for those of files with unflushed writes.
    /// </summary>
    public void CloseIdle() => _handles.CloseIdle();

    /// <summary>Keeps to the budget of the page cache; after a flush, on a thread that nobody waits for.</summary>
    public void TrimCache() => _written.Trim();

    private string Full(string path) => path.Length == 0 ? _root : _root + "/" + path;

    private static void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Native.Translated(failure);
        }
    }
}
