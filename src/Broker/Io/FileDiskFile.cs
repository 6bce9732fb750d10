using Millrace.Core.Log;

namespace Millrace.Broker.Io;

/// <summary>
/// A file of a <see cref="FileDisk"/>, which keeps its descriptor only while it is used or others need it less.
/// </summary>
/// <remarks>
/// <para>Owned by who opened it; any thread may use it. All that matters of the descriptor stands in one word, which is
/// changed by compare and swap: no lock is held during I/O, and an operation allocates nothing.
/// 1. The descriptor is closed by whoever swaps it out of the word, when no operation counts on it.
/// 2. A file with unflushed writes keeps its descriptor: when the system fails to write a page back, it tells so once,
/// to the flush of a descriptor that was open then; one opened later need not hear of it.
/// 3. It is reopened where it is now, and never made again: what is gone stays gone.</para>
/// <code>
/// closed --Take--> open, uses + 1 --Release--> open, uses - 1 --TryGiveUp, unused and flushed--> closed
///                  Dispose: disposed; the last Release closes
/// </code>
/// </remarks>
internal sealed class FileDiskFile : IDiskFile
{
    private const long OneUse = 1;
    private const long Uses = 0xFF_FFFF;
    private const long Unflushed = 1L << 24;
    private const long Disposed = 1L << 25;
    private const int DescriptorShift = 32; // above stands the descriptor + 1; 0 is none

    private readonly string _root;
    private readonly FileHandles _handles;
    private readonly WrittenPages _written;
    private volatile string _path;
    private long _state;
    private long _lastUse;
    private long _end = -1; // of what was written here; -1 before the first write
    private long _counted; // the blocks below are in the table of written pages, or not this object's
    private volatile IOException? _failure;

    private FileDiskFile(string root, string path, FileHandles handles, WrittenPages written)
    {
        _root = root;
        _path = path;
        _handles = handles;
        _written = written;
    }

    public long Length
    {
        get
        {
            var descriptor = Take();
            try
            {
                return Native.Length(descriptor, _path);
            }
            finally
            {
                Release(0);
            }
        }
    }

    /// <summary>Where it stands in the table of open files; the table's own.</summary>
    public int Slot { get; set; }

    /// <summary>The table's time of the last use.</summary>
    public long LastUse => Volatile.Read(ref _lastUse);

    public bool HasUnflushed => (Volatile.Read(ref _state) & Unflushed) != 0;

    /// <summary>Its flush failed: it stays as it is until it is disposed.</summary>
    public bool HasFailed => _failure is not null;

    public static FileDiskFile Open(string root, string path, FileHandles handles, WrittenPages written)
    {
        var file = new FileDiskFile(root, path, handles, written);
        file.TryOpen(create: true, out _);
        file.Release(0);
        return file;
    }

    public int Read(long position, Span<byte> destination)
    {
        var descriptor = Take();
        try
        {
            return Native.Read(descriptor, position, destination, _path);
        }
        finally
        {
            Release(0);
        }
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        var descriptor = Take();
        try
        {
            Native.Write(descriptor, position, source, _path);
            CountWrite(position, position + source.Length);
        }
        finally
        {
            Release(Unflushed);
        }
    }

    public void Truncate(long length)
    {
        var descriptor = Take();
        try
        {
            Native.Truncate(descriptor, length, _path);
            CountTruncation(length);
        }
        finally
        {
            Release(Unflushed);
        }
    }

    public void Reserve(long length)
    {
        var descriptor = Take();
        try
        {
            Native.Reserve(descriptor, length, _path);
        }
        finally
        {
            Release(0);
        }
    }

    public void Flush()
    {
        if (_failure is { } earlier)
            throw new IOException(earlier.Message, earlier);
        var descriptor = Take();
        var left = Unflushed;
        var end = Volatile.Read(ref _end);
        try
        {
            // A write that ends from now on marks the file again, for this flush may not reach it.
            Interlocked.And(ref _state, ~Unflushed);
            Native.Fdatasync(descriptor, _path);
            left = 0;
            CountFlush(end);
        }
        catch (IOException failure)
        {
            _failure ??= failure; // never tried again: the next might succeed without having written anything
            throw;
        }
        finally
        {
            Release(left);
        }
    }

    public void MoveTo(string path)
    {
        Take(); // so that nobody looks for the file while it moves
        try
        {
            Native.Rename(Full(_path), Full(path));
            _path = path;
        }
        finally
        {
            Release(0);
        }
    }

    public int Lend() => Take();

    public void TakeBack() => Release(0);

    public void Dispose()
    {
        if (HasFlag(Interlocked.Or(ref _state, Disposed), Disposed))
            return;
        CloseIfLast(Volatile.Read(ref _state));
    }

    /// <summary>Gives the descriptor to the caller, who closes it; false if it is used or needed for a flush.</summary>
    public bool TryGiveUp(out int descriptor)
    {
        var state = Volatile.Read(ref _state);
        descriptor = DescriptorIn(state);
        return descriptor >= 0 && (state & (Uses | Unflushed | Disposed)) == 0
            && Interlocked.CompareExchange(ref _state, 0, state) == state;
    }

    /// <summary>Flushes so that it can be closed. What fails is told to who flushes it next.</summary>
    public void FlushForOthers()
    {
        try
        {
            Flush();
        }
        catch (IOException)
        {
            // It has been kept, unless the file is closed.
        }
    }

    /// <summary>The system may forget the range, which was flushed; nothing if the file is closed or gone.</summary>
    public void LetGo(long from, long to)
    {
        if (HasFailed || HasFlag(Volatile.Read(ref _state), Disposed))
            return;
        try
        {
            var descriptor = Take();
            try
            {
                Native.LetGo(descriptor, from, to - from);
            }
            finally
            {
                Release(0);
            }
        }
        catch (IOException)
        {
            // What can't be opened is not remembered either.
        }
    }

    private void CountWrite(long from, long to)
    {
        var end = Volatile.Read(ref _end);
        if (end < 0 && Interlocked.CompareExchange(ref _end, from, -1) is var before)
        {
            end = before < 0 ? from : before;
            if (before < 0)
                Volatile.Write(ref _counted, from - (from % WrittenPages.Block));
        }

        while (end < to && Interlocked.CompareExchange(ref _end, to, end) is var now && now != end)
            end = now;
    }

    private void CountTruncation(long length)
    {
        if (Volatile.Read(ref _end) > length)
            Volatile.Write(ref _end, length);
        if (Volatile.Read(ref _counted) > length)
            Volatile.Write(ref _counted, length - (length % WrittenPages.Block));
    }

    private void CountFlush(long end)
    {
        var whole = end - (end % WrittenPages.Block);
        var counted = Volatile.Read(ref _counted);
        if (whole > counted && Interlocked.CompareExchange(ref _counted, whole, counted) == counted)
            _written.Add(this, counted, whole);
    }

    /// <summary>The descriptor, which stays open until <see cref="Release"/>.</summary>
    private int Take()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (HasFlag(state, Disposed))
                throw new FileClosedException($"{_path} is closed.");
            var descriptor = DescriptorIn(state);
            if (descriptor < 0)
            {
                if (!TryOpen(create: false, out descriptor))
                    continue;
            }
            else if (Interlocked.CompareExchange(ref _state, state + OneUse, state) != state)
            {
                continue;
            }

            Volatile.Write(ref _lastUse, _handles.Now);
            return descriptor;
        }
    }

    /// <summary>Opens the file and counts one use; false if somebody else did or the file was moved.</summary>
    private bool TryOpen(bool create, out int descriptor)
    {
        var path = _path;
        try
        {
            descriptor = _handles.Open(Full(path), create);
        }
        catch (FileNotFoundException) when (!create && IsOutdated(path))
        {
            descriptor = -1;
            return false;
        }

        // The path is looked at after the opening: if it is still the same, what was opened is the file.
        var opened = ((long)(descriptor + 1) << DescriptorShift) + OneUse;
        if (ReferenceEquals(path, _path) && Interlocked.CompareExchange(ref _state, opened, 0) == 0)
        {
            _handles.Add(this);
            return true;
        }

        Native.Close(descriptor);
        return false;
    }

    private bool IsOutdated(string path) => !ReferenceEquals(path, _path) || Volatile.Read(ref _state) != 0;

    private void Release(long flags)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var next = (state - OneUse) | flags;
            if (Interlocked.CompareExchange(ref _state, next, state) != state)
                continue;
            CloseIfLast(next);
            return;
        }
    }

    /// <summary>After the disposal nobody takes the descriptor any more: who finds no other use closes it.</summary>
    private void CloseIfLast(long state)
    {
        if (!HasFlag(state, Disposed) || (state & Uses) != 0 || DescriptorIn(state) < 0)
            return;
        if (Interlocked.CompareExchange(ref _state, Disposed, state) != state)
            return;
        _handles.Remove(this);
        Native.Close(DescriptorIn(state));
    }

    private string Full(string path) => _root + "/" + path;

    private static bool HasFlag(long state, long flag) => (state & flag) != 0;

    private static int DescriptorIn(long state) => (int)(state >> DescriptorShift) - 1;
}
