using Millrace.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Cleaner;

/// <summary>
/// A simulated disk that tells before each change, so that a test can look at what a crash would leave.
/// </summary>
internal sealed class CrashingDisk(SimDisk disk) : IDisk
{
    public SimDisk Disk { get; } = disk;

    public Action BeforeChange { get; set; } = () => { };

    public IDiskFile Open(string path)
    {
        if (!Disk.Exists(path))
            BeforeChange();
        return new File(this, Disk.Open(path));
    }

    public bool Exists(string path) => Disk.Exists(path);

    public void Delete(string path)
    {
        BeforeChange();
        Disk.Delete(path);
    }

    public void Rename(string from, string to)
    {
        BeforeChange();
        Disk.Rename(from, to);
    }

    public void CreateDirectory(string path) => Disk.CreateDirectory(path);

    public void DeleteDirectory(string path) => Disk.DeleteDirectory(path);

    public IReadOnlyList<string> List(string path) => Disk.List(path);

    public void FlushDirectory(string path)
    {
        BeforeChange();
        Disk.FlushDirectory(path);
    }

    private sealed class File(CrashingDisk disk, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long position, Span<byte> destination) => file.Read(position, destination);

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            disk.BeforeChange();
            file.Write(position, source);
        }

        public void Flush()
        {
            disk.BeforeChange();
            file.Flush();
        }

        public void Truncate(long length)
        {
            disk.BeforeChange();
            file.Truncate(length);
        }

        public void Reserve(long length) => file.Reserve(length);

        public void MoveTo(string path)
        {
            disk.BeforeChange();
            file.MoveTo(path);
        }

        public void Dispose() => file.Dispose();
    }
}
