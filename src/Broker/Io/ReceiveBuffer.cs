using System.Buffers;
using System.Runtime.InteropServices;

namespace Millrace.Broker.Io;

/// <summary>
/// A range of addresses for the bytes of a frame that is not whole yet. The kernel gives it memory page by page as
/// bytes come: a frame that is announced and not sent takes none.
/// </summary>
/// <remarks>
/// <para>Owned by a loop's <see cref="ReceiveBuffers"/>, lent to one connection. <see cref="Start"/> up to
/// <see cref="End"/> is received and not handled.</para>
/// </remarks>
internal sealed unsafe partial class ReceiveBuffer : MemoryManager<byte>
{
    private const int ReadAndWrite = 3;
    private const int PrivateAnonymousNoReserve = 0x4022;
    private const int NoHugePages = 15;

    private readonly byte* _bytes;

    /// <exception cref="OutOfMemoryException">There are no addresses left.</exception>
    public ReceiveBuffer(int capacity)
    {
        Capacity = capacity;
        var bytes = mmap(null, capacity, ReadAndWrite, PrivateAnonymousNoReserve, -1, 0);
        if (bytes == -1)
            throw new OutOfMemoryException($"{capacity} bytes for a frame can't be had.");
        _bytes = (byte*)bytes;
        _ = madvise(_bytes, capacity, NoHugePages); // one byte would take two megabytes
    }

    public int Capacity { get; }

    /// <summary>Of the bytes that are received and not handled.</summary>
    public int Start { get; set; }

    public int End { get; set; }

    public int Count => End - Start;

    public Memory<byte> Received => Memory[Start..End];

    /// <summary>Where the next bytes go, up to a position.</summary>
    public Span<byte> Room(int end) => new(_bytes + End, end - End);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(Capacity));
        End += bytes.Length;
    }

    public override Span<byte> GetSpan() => new(_bytes, Capacity);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_bytes + elementIndex);

    public override void Unpin()
    {
        // It never moves.
    }

    public void Free() => Dispose(disposing: true);

    protected override void Dispose(bool disposing) => _ = munmap(_bytes, Capacity);

    [LibraryImport("libc")]
    private static partial nint mmap(
        void* address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nint length, int advice);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nint length);
}

/// <summary>
/// The receive buffers of a loop: few are kept for reuse, of sizes that are common. Owned by the loop.
/// </summary>
internal sealed class ReceiveBuffers : IDisposable
{
    /// <summary>The smallest; the others are this times a power of two.</summary>
    public const int Smallest = 64 * 1024;

    private const int LargestKept = 4 << 20;
    private const int MostKept = 16 << 20;

    private readonly Stack<ReceiveBuffer>[] _kept =
        [.. Enumerable.Range(0, int.Log2(LargestKept / Smallest) + 1).Select(_ => new Stack<ReceiveBuffer>())];

    private int _keptBytes;

    /// <summary>An empty buffer for so many bytes or more.</summary>
    public ReceiveBuffer Rent(int bytes)
    {
        var size = Class(bytes);
        if (size >= _kept.Length)
            return new ReceiveBuffer(bytes);
        if (!_kept[size].TryPop(out var buffer))
            return new ReceiveBuffer(Smallest << size);
        _keptBytes -= buffer.Capacity;
        return buffer;
    }

    public void Return(ReceiveBuffer buffer)
    {
        var size = Class(buffer.Capacity);
        if (size >= _kept.Length || _keptBytes + buffer.Capacity > MostKept)
        {
            buffer.Free();
            return;
        }

        (buffer.Start, buffer.End) = (0, 0);
        _keptBytes += buffer.Capacity;
        _kept[size].Push(buffer);
    }

    /// <summary>The same bytes at the start of a buffer with more room, which may be the same.</summary>
    public ReceiveBuffer Move(ReceiveBuffer buffer, int bytes)
    {
        var target = bytes <= buffer.Capacity ? buffer : Rent(bytes);
        var received = buffer.Received.Span;
        (target.Start, target.End) = (0, 0);
        target.Append(received);
        if (target != buffer)
            Return(buffer);
        return target;
    }

    public void Dispose()
    {
        foreach (var buffer in _kept.SelectMany(buffers => buffers))
            buffer.Free();
    }

    private static int Class(int bytes) =>
        bytes <= Smallest ? 0 : int.Log2(bytes - 1) + 1 - int.Log2(Smallest);
}
