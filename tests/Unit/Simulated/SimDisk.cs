using Millrace.Core.Log;

namespace Millrace.Unit.Simulated;

/// <summary>
/// A disk in memory that forgets. Writes are visible at once and durable after a flush of their file; a file's name is
/// durable after a flush of its directory. <see cref="Crash"/> is a power failure: what was not flushed is lost, but
/// for as many of the last unflushed bytes of each file as the test lets survive.
/// </summary>
internal sealed class SimDisk : IDisk
{
    private readonly SortedDictionary<string, SimFile> _files = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _directories = new(StringComparer.Ordinal) { "" };
    private SortedDictionary<string, SimFile> _durableFiles = new(StringComparer.Ordinal);
    private SortedSet<string> _durableDirectories = new(StringComparer.Ordinal) { "" };

    /// <summary>How often a file was flushed.</summary>
    public int Flushes { get; private set; }

    /// <summary>Every flush fails while set, and what it should have written is lost in a crash.</summary>
    public bool FailFlushes { get; set; }

    public bool FailWrites { get; set; }

    public bool IsFull { get; set; }

    public bool FailReads { get; set; }

    /// <summary>The files and directories that can be neither opened nor deleted.</summary>
    public Predicate<string> Refuses { get; set; } = _ => false;

    /// <summary>A deletion reaches the disk before all that waits for a flush of the directory.</summary>
    public bool DeletesAtOnce { get; set; }

    /// <summary>Handles that nobody has disposed yet.</summary>
    public int OpenFiles { get; private set; }

    public IDiskFile Open(string path)
    {
        if (!_directories.Contains(ParentOf(path)))
            throw new DirectoryNotFoundException(path);
        ThrowIfRefused(path);
        if (!_files.TryGetValue(path, out SimFile? file))
            _files[path] = file = new SimFile();
        OpenFiles++;
        return new Handle(this, file, path);
    }

    public bool Exists(string path) => _files.ContainsKey(path) || _directories.Contains(path);

    public void Delete(string path)
    {
        _files.Remove(path);
        if (DeletesAtOnce)
            _durableFiles.Remove(path);
    }

    public void Rename(string from, string to)
    {
        foreach (string path in _files.Keys.Where(p => p == from || p.StartsWith(from + "/", StringComparison.Ordinal))
            .ToArray())
        {
            _files[to + path[from.Length..]] = _files[path];
            _files.Remove(path);
        }

        if (_directories.Remove(from))
            _directories.Add(to);
    }

    public void CreateDirectory(string path) => _directories.Add(path);

    public void DeleteDirectory(string path)
    {
        ThrowIfRefused(path);
        foreach (string file in _files.Keys.Where(p => p.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            _files.Remove(file);
        _directories.RemoveWhere(d => d == path || d.StartsWith(path + "/", StringComparison.Ordinal));
    }

    public IReadOnlyList<string> List(string path) =>
        [.. _files.Keys.Concat(_directories).Where(p => p.Length > 0 && ParentOf(p) == path)
            .Select(p => p[(p.LastIndexOf('/') + 1)..])];

    public void FlushDirectory(string path)
    {
        if (FailFlushes)
            throw new IOException("The directory cannot be flushed.");
        foreach (string name in _durableFiles.Keys.Where(p => ParentOf(p) == path).ToArray())
            _durableFiles.Remove(name);
        foreach ((string name, SimFile file) in _files.Where(pair => ParentOf(pair.Key) == path))
            _durableFiles[name] = file;
        _durableDirectories.RemoveWhere(d => d.Length > 0 && ParentOf(d) == path);
        _durableDirectories.UnionWith(_directories.Where(d => d.Length > 0 && ParentOf(d) == path));
    }

    /// <summary>The disk after a power failure.</summary>
    /// <param name="survivors">For a file and its count of unflushed new bytes: how many of them are kept.</param>
    public SimDisk Crash(Func<string, int, int>? survivors = null)
    {
        var after = new SimDisk { _durableDirectories = _durableDirectories };
        after._directories.UnionWith(_durableDirectories);
        foreach ((string path, SimFile file) in _durableFiles.Where(p => _durableDirectories.Contains(ParentOf(p.Key))))
        {
            int unflushed = Math.Max(file.Content.Length - file.Durable.Length, 0);
            int kept = survivors?.Invoke(path, unflushed) ?? 0;
            byte[] content = [.. file.Durable, .. file.Content.AsSpan(
                Math.Min(file.Durable.Length, file.Content.Length), kept)];
            after._files[path] = new SimFile { Content = content, Durable = content };
        }

        after._durableFiles = new SortedDictionary<string, SimFile>(after._files, StringComparer.Ordinal);
        return after;
    }

    /// <summary>A copy that shares nothing: what a process finds that starts after another was killed.</summary>
    public SimDisk Copy()
    {
        var copy = new SimDisk();
        copy._directories.UnionWith(_directories);
        foreach ((string path, SimFile file) in _files)
            copy._files[path] = new SimFile { Content = [.. file.Content], Durable = [.. file.Durable] };
        copy._durableFiles = new SortedDictionary<string, SimFile>(copy._files, StringComparer.Ordinal);
        copy._durableDirectories = new SortedSet<string>(_directories, StringComparer.Ordinal);
        return copy;
    }

    public byte[] Content(string path) => _files[path].Content;

    public void SetContent(string path, byte[] content) =>
        _files[path] = new SimFile { Content = content, Durable = content };

    private void ThrowIfRefused(string path)
    {
        if (Refuses(path))
            throw new IOException($"{path} is refused.");
    }

    private static string ParentOf(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    private sealed class SimFile
    {
        public byte[] Content { get; set; } = [];

        public byte[] Durable { get; set; } = [];
    }

    private sealed class Handle(SimDisk disk, SimFile file, string path) : IDiskFile
    {
        private bool _isClosed;

        public long Length
        {
            get
            {
                ThrowIfClosed();
                return file.Content.Length;
            }
        }

        public int Read(long position, Span<byte> destination)
        {
            ThrowIfClosed();
            if (disk.FailReads)
                throw new IOException("The sector cannot be read.");
            ReadOnlySpan<byte> source = file.Content.AsSpan((int)Math.Min(position, file.Content.Length));
            int count = Math.Min(source.Length, destination.Length);
            source[..count].CopyTo(destination);
            return count;
        }

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            ThrowIfClosed();
            if (disk.FailWrites)
                throw new IOException("The device does not answer.");
            if (disk.IsFull)
                throw new DiskFullException("No space left on the device.");
            byte[] content = file.Content;
            Array.Resize(ref content, Math.Max(content.Length, (int)position + source.Length));
            source.CopyTo(content.AsSpan((int)position));
            file.Content = content;
        }

        public void Flush()
        {
            ThrowIfClosed();
            if (disk.FailFlushes)
                throw new IOException("The disk refused.");
            disk.Flushes++;
            file.Durable = [.. file.Content];
        }

        public void Truncate(long length)
        {
            ThrowIfClosed();
            byte[] content = file.Content;
            Array.Resize(ref content, (int)length);
            file.Content = content;
        }

        public void Reserve(long length)
        {
            if (disk.IsFull)
                throw new DiskFullException("No space left on the device.");
        }

        public void MoveTo(string newPath)
        {
            disk.Rename(path, newPath);
            path = newPath;
        }

        public void Dispose()
        {
            if (!_isClosed)
                disk.OpenFiles--;
            _isClosed = true;
        }

        private void ThrowIfClosed()
        {
            if (_isClosed)
                throw new FileClosedException("The file is closed.");
        }
    }
}
