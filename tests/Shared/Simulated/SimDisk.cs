using Millrace.Core.Log;

namespace Millrace.Shared.Simulated;

/// <summary>What a process asks of the disk.</summary>
internal enum DiskCall
{
    Create,
    Read,
    Write,
    Flush,
    Truncate,
    Delete,
    Rename,
    FlushDirectory,
}

/// <summary>
/// A disk in memory that forgets. Writes are visible at once and durable after a flush of their file; a file's name is
/// durable after a flush of its directory. <see cref="Crash"/> and <see cref="PowerCut"/> are power failures.
/// </summary>
internal sealed partial class SimDisk : IDisk
{
    private readonly SimDirectory _root;
    private long _used;

    public SimDisk()
        : this(new SimDirectory())
    {
    }

    private SimDisk(SimDirectory root)
    {
        _root = root;
        _used = Files(root, "").Sum(file => file.File.Allocated);
    }

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

    /// <summary>Called before the disk does what it is asked; what it throws is the answer.</summary>
    public Action<DiskCall, string>? Before { get; set; }

    /// <summary>
    /// Called with the file's path while a flush is at work: what is written in it is not covered by it.
    /// </summary>
    public Action<string>? DuringFlush { get; set; }

    /// <summary>Bytes that there is room for.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Bytes that files take, among them those that were deleted and are still open.</summary>
    public long Used => _used;

    /// <summary>Handles that nobody has disposed yet.</summary>
    public int OpenFiles { get; private set; }

    /// <summary>Every file that has a name, in the order of the names.</summary>
    public IEnumerable<string> Paths => Files(_root, "").Select(file => file.Path);

    public IDiskFile Open(string path)
    {
        SimDirectory parent = Parent(path) ?? throw new DirectoryNotFoundException(path);
        ThrowIfRefused(path);
        string name = NameOf(path);
        if (!parent.Names.TryGetValue(name, out object? node))
        {
            Before?.Invoke(DiskCall.Create, path);
            node = new SimFile();
            parent.Change(new NameChange(null, name, node));
        }

        OpenFiles++;
        return new Handle(this, (SimFile)node, path);
    }

    public bool Exists(string path) => Node(path) is not null;

    public void Delete(string path)
    {
        if (Parent(path) is not { } parent || !parent.Names.TryGetValue(NameOf(path), out object? node))
            return;
        Before?.Invoke(DiskCall.Delete, path);
        Unlink(parent, NameOf(path), (SimFile)node);
    }

    public void Rename(string from, string to)
    {
        object node = Node(from) ?? throw new FileNotFoundException(from);
        Before?.Invoke(DiskCall.Rename, to);
        SimDirectory source = Parent(from)!;
        SimDirectory target = Parent(to) ?? throw new DirectoryNotFoundException(to);
        if (target.Names.TryGetValue(NameOf(to), out object? replaced) && replaced is SimFile file && replaced != node)
            Release(file);
        if (source == target)
        {
            source.Change(new NameChange(NameOf(from), NameOf(to), node));
            return;
        }

        source.Change(new NameChange(NameOf(from), null, null));
        target.Change(new NameChange(null, NameOf(to), node));
    }

    public void CreateDirectory(string path)
    {
        if (Exists(path))
            return;
        Before?.Invoke(DiskCall.Create, path);
        SimDirectory parent = Parent(path) ?? throw new DirectoryNotFoundException(path);
        parent.Change(new NameChange(null, NameOf(path), new SimDirectory()));
    }

    public void DeleteDirectory(string path)
    {
        ThrowIfRefused(path);
        if (Node(path) is not SimDirectory directory)
            return;
        foreach ((string name, object node) in directory.Names.ToArray())
        {
            if (node is SimDirectory)
                DeleteDirectory($"{path}/{name}");
            else
                Delete($"{path}/{name}");
        }

        Before?.Invoke(DiskCall.Delete, path);
        Parent(path)!.Change(new NameChange(NameOf(path), null, null));
    }

    public IReadOnlyList<string> List(string path) =>
        Node(path) is SimDirectory directory ? [.. directory.Names.Keys] : throw new DirectoryNotFoundException(path);

    public void FlushDirectory(string path)
    {
        Before?.Invoke(DiskCall.FlushDirectory, path);
        if (FailFlushes)
            throw new IOException("The directory cannot be flushed.");
        ((SimDirectory)(Node(path) ?? throw new DirectoryNotFoundException(path))).Flush();
    }

    /// <summary>The bytes of a file, and not a copy: a test may damage them.</summary>
    public byte[] Content(string path) => Find(path).LiveContent();

    public void SetContent(string path, byte[] content)
    {
        SimDirectory parent = Parent(path) ?? throw new DirectoryNotFoundException(path);
        if (parent.Names.TryGetValue(NameOf(path), out object? replaced))
            Release((SimFile)replaced);
        parent.Names[NameOf(path)] = parent.Durable[NameOf(path)] = SimFile.Settled(content);
        _used += content.Length;
    }

    public int LengthOf(string path) => Find(path).Length;

    /// <summary>Turns one bit over, as if the disk had always held it so.</summary>
    public void Flip(string path, int position, int bit) => Find(path).Flip(position, bit);

    public override string ToString() => $"{_used} bytes in {Paths.Count()} files";

    private SimFile Find(string path) => (SimFile)(Node(path) ?? throw new FileNotFoundException(path));

    private void Unlink(SimDirectory parent, string name, SimFile file)
    {
        parent.Change(new NameChange(name, null, null));
        if (DeletesAtOnce)
            parent.Durable.Remove(name);
        Release(file);
    }

    private void Release(SimFile file)
    {
        file.IsLinked = false;
        if (file.Handles == 0)
            _used -= file.Allocated;
    }

    private void ThrowIfRefused(string path)
    {
        if (Refuses(path))
            throw new IOException($"{path} is refused.");
    }

    private object? Node(string path)
    {
        object? node = _root;
        if (path.Length == 0)
            return node;
        foreach (string name in path.Split('/'))
        {
            if (node is not SimDirectory directory || !directory.Names.TryGetValue(name, out node))
                return null;
        }

        return node;
    }

    private SimDirectory? Parent(string path) =>
        Node(path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "") as SimDirectory;

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static IEnumerable<(string Path, SimFile File)> Files(SimDirectory directory, string prefix)
    {
        foreach ((string name, object node) in directory.Names)
        {
            if (node is SimFile file)
            {
                yield return (prefix + name, file);
                continue;
            }

            foreach ((string, SimFile) inner in Files((SimDirectory)node, $"{prefix}{name}/"))
                yield return inner;
        }
    }
}
