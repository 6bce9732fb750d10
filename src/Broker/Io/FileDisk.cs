using Microsoft.Win32.SafeHandles;
using Millrace.Core.Log;

namespace Millrace.Broker.Io;

/// <summary>A data directory in the file system.</summary>
internal sealed class FileDisk : IDisk
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    private readonly string _root;

    public FileDisk(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
    }

    public IDiskFile Open(string path)
    {
        try
        {
            return new FileDiskFile(System.IO.File.OpenHandle(
                Full(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete),
                _root, path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public bool Exists(string path) => Path.Exists(Full(path));

    public void Delete(string path) => System.IO.File.Delete(Full(path));

    public void Rename(string from, string to)
    {
        if (Directory.Exists(Full(from)))
            Directory.Move(Full(from), Full(to));
        else
            System.IO.File.Move(Full(from), Full(to), overwrite: true);
    }

    public void CreateDirectory(string path) => Directory.CreateDirectory(Full(path));

    public void DeleteDirectory(string path)
    {
        if (Directory.Exists(Full(path)))
            Directory.Delete(Full(path), recursive: true);
    }

    public IReadOnlyList<string> List(string path) =>
        [.. new DirectoryInfo(Full(path)).EnumerateFileSystemInfos().Select(info => info.Name)];

    public void FlushDirectory(string path) => Native.FsyncDirectory(Full(path));

    private string Full(string path) => Path.Combine(_root, path);

    private sealed class FileDiskFile(SafeFileHandle handle, string root, string path) : IDiskFile
    {
        public long Length
        {
            get
            {
                try
                {
                    return RandomAccess.GetLength(handle);
                }
                catch (ObjectDisposedException e)
                {
                    throw Closed(e);
                }
            }
        }

        public int Read(long position, Span<byte> destination)
        {
            try
            {
                int total = 0;
                while (total < destination.Length)
                {
                    int count = RandomAccess.Read(handle, destination[total..], position + total);
                    if (count == 0)
                        break;
                    total += count;
                }

                return total;
            }
            catch (ObjectDisposedException e)
            {
                throw Closed(e);
            }
        }

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            try
            {
                RandomAccess.Write(handle, source, position);
            }
            catch (IOException e) when (e.HResult is NoSpace or QuotaExceeded)
            {
                throw new DiskFullException(e.Message, e);
            }
            catch (ObjectDisposedException e)
            {
                throw Closed(e);
            }
        }

        public void Flush()
        {
            try
            {
                Native.Fdatasync(handle);
            }
            catch (ObjectDisposedException e)
            {
                throw Closed(e);
            }
        }

        public void Truncate(long length)
        {
            try
            {
                RandomAccess.SetLength(handle, length);
            }
            catch (ObjectDisposedException e)
            {
                throw Closed(e);
            }
        }

        public void Reserve(long length) => Native.Reserve(handle, length);

        public void MoveTo(string newPath)
        {
            System.IO.File.Move(Path.Combine(root, path), Path.Combine(root, newPath), overwrite: true);
            path = newPath;
        }

        public void Dispose() => handle.Dispose();

        private static IOException Closed(ObjectDisposedException e) => new("The file is closed.", e);
    }
}
