using Millrace.Core.Log;

namespace Millrace.Shared.Simulated;

/// <summary>A disk on which something happens when a file is flushed, before it is.</summary>
internal sealed class InterruptedDisk(IDisk disk) : IDisk
{
    /// <summary>Gets the file's path.</summary>
    public Action<string> DuringFlush { get; set; } = _ => { };

    public IDiskFile Open(string path) => new InterruptedFile(this, disk.Open(path), path);

    public bool Exists(string path) => disk.Exists(path);

    public void Delete(string path) => disk.Delete(path);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void CreateDirectory(string path) => disk.CreateDirectory(path);

    public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

    public IReadOnlyList<string> List(string path) => disk.List(path);

    public void FlushDirectory(string path) => disk.FlushDirectory(path);

    private sealed class InterruptedFile(InterruptedDisk disk, IDiskFile file, string path) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long position, Span<byte> destination) => file.Read(position, destination);

        public void Write(long position, ReadOnlySpan<byte> source) => file.Write(position, source);

        public void Flush()
        {
            disk.DuringFlush(path);
            file.Flush();
        }

        public void Truncate(long length) => file.Truncate(length);

        public void Reserve(long length) => file.Reserve(length);

        public void MoveTo(string path) => file.MoveTo(path);

        public void Dispose() => file.Dispose();
    }
}
