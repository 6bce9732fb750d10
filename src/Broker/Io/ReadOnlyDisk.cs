using Microsoft.Win32.SafeHandles;
using Millrace.Core.Log;

namespace Millrace.Broker.Io;

/// <summary>A data directory that is only looked at, whoever uses it: nothing is made, changed or locked.</summary>
internal sealed class ReadOnlyDisk(string root) : IDisk
{
    private readonly string _root = Path.GetFullPath(root);

    public IDiskFile Open(string path)
    {
        try
        {
            return new ReadOnlyFile(System.IO.File.OpenHandle(
                Full(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public bool Exists(string path) => Path.Exists(Full(path));

    public IReadOnlyList<string> List(string path)
    {
        try
        {
            return [.. new DirectoryInfo(Full(path)).EnumerateFileSystemInfos().Select(info => info.Name)];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void Delete(string path) => throw Refusal();

    public void Rename(string from, string to) => throw Refusal();

    public void CreateDirectory(string path) => throw Refusal();

    public void DeleteDirectory(string path) => throw Refusal();

    public void FlushDirectory(string path) => throw Refusal();

    private string Full(string path) => Path.Combine(_root, path);

    private static NotSupportedException Refusal() => new("The directory is only read.");

    private sealed class ReadOnlyFile(SafeFileHandle handle) : IDiskFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(long position, Span<byte> destination)
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

        public void Write(long position, ReadOnlySpan<byte> source) => throw Refusal();

        public void Flush() => throw Refusal();

        public void Truncate(long length) => throw Refusal();

        public void Reserve(long length) => throw Refusal();

        public void MoveTo(string path) => throw Refusal();

        public void Dispose() => handle.Dispose();
    }
}
