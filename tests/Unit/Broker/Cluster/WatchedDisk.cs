using Millrace.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>
/// A simulated disk that counts what is done to it, loses power at a chosen step, and can be full but for what was
/// reserved.
/// </summary>
internal sealed class WatchedDisk(SimDisk inner) : IDisk
{
    private readonly Dictionary<string, long> _reserved = [];

    /// <summary>Steps that changed something.</summary>
    public int Steps { get; private set; }

    /// <summary>At this step nothing works any more.</summary>
    public int PowerFailsAt { get; init; } = int.MaxValue;

    public bool IsFull { get; set; }

    public IDiskFile Open(string path)
    {
        Step();
        return new WatchedFile(this, inner.Open(path), path);
    }

    public bool Exists(string path) => inner.Exists(path);

    public void Delete(string path)
    {
        Step();
        inner.Delete(path);
    }

    public void Rename(string from, string to)
    {
        Step();
        inner.Rename(from, to);
    }

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void DeleteDirectory(string path)
    {
        Step();
        inner.DeleteDirectory(path);
    }

    public IReadOnlyList<string> List(string path) => inner.List(path);

    public void FlushDirectory(string path)
    {
        Step();
        inner.FlushDirectory(path);
    }

    private void Step()
    {
        if (++Steps >= PowerFailsAt)
            throw new IOException("There is no power.");
    }

    private sealed class WatchedFile(WatchedDisk disk, IDiskFile file, string path) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long position, Span<byte> destination) => file.Read(position, destination);

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            disk.Step();
            if (disk.IsFull && position + source.Length > disk._reserved.GetValueOrDefault(path))
                throw new DiskFullException("No space left on the device.");
            file.Write(position, source);
        }

        public void Flush()
        {
            disk.Step();
            file.Flush();
        }

        public void Truncate(long length)
        {
            disk.Step();
            file.Truncate(length);
        }

        public void Reserve(long length)
        {
            if (disk.IsFull && length > disk._reserved.GetValueOrDefault(path))
                throw new DiskFullException("No space left on the device.");
            disk._reserved[path] = Math.Max(length, disk._reserved.GetValueOrDefault(path));
        }

        public void MoveTo(string newPath)
        {
            disk.Step();
            file.MoveTo(newPath);
        }

        public void Dispose() => file.Dispose();
    }
}
