namespace Millrace.Core.Log;

/// <summary>
/// A disk on which nothing is flushed any more once a flush has failed: the system may have thrown away what it could
/// not write and call the next flush a success. Reads and writes go on. Owned by the node; any thread may use it.
/// 1. <see cref="Failure"/> is the first failed flush and never changes. That a file is closed or gone is none, nor is
/// that there was no room to open it.
/// 2. No flush that begins after it was set reaches the disk below; none that was under way succeeds.
/// </summary>
/// <param name="disk">The disk below.</param>
/// <param name="name">The data directory, as the operator knows it.</param>
internal sealed class FailStopDisk(IDisk disk, string name) : IDisk
{
    private IOException? _failure;

    /// <summary>The first failed flush; null while there was none.</summary>
    public IOException? Failure => Volatile.Read(ref _failure);

    public IDiskFile Open(string path) => new FailStopFile(this, disk.Open(path));

    public bool Exists(string path) => disk.Exists(path);

    public void Delete(string path) => disk.Delete(path);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void CreateDirectory(string path) => disk.CreateDirectory(path);

    public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

    public IReadOnlyList<string> List(string path) => disk.List(path);

    public void FlushDirectory(string path) => Guarded(() => disk.FlushDirectory(path));

    private void Guarded(Action flush)
    {
        ThrowIfFailed();
        try
        {
            flush();
        }
        catch (IOException failure) when (failure is not (DiskFullException or FileNotFoundException
            or FileClosedException))
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
        }

        ThrowIfFailed();
    }

    private void ThrowIfFailed()
    {
        if (Failure is { } first)
        {
            throw new IOException(
                $"The data directory {name} takes no more writes, for it failed to store some: {first.Message}", first);
        }
    }

    private sealed class FailStopFile(FailStopDisk disk, IDiskFile file) : IDiskFile
    {
        private readonly Action _flush = file.Flush; // made once, for a log is flushed thousands of times a second

        public long Length => file.Length;

        public int Read(long position, Span<byte> destination) => file.Read(position, destination);

        public void Write(long position, ReadOnlySpan<byte> source) => file.Write(position, source);

        public void Flush() => disk.Guarded(_flush);

        public void Truncate(long length) => file.Truncate(length);

        public void Reserve(long length) => file.Reserve(length);

        public void MoveTo(string path) => file.MoveTo(path);

        public int Lend() => file.Lend();

        public void TakeBack() => file.TakeBack();

        public void Dispose() => file.Dispose();
    }
}
