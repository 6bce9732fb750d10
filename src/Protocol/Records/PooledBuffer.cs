using System.Buffers;

namespace Millrace.Protocol.Records;

/// <summary>
/// A growing array from the shared pool. Owned by whoever made it; <see cref="Dispose"/> gives the array back, and
/// spans taken from it are dead from then on.
/// </summary>
public sealed class PooledBuffer(int capacity = 256, int limit = int.MaxValue) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = ArrayPool<byte>.Shared.Rent(Math.Min(capacity, limit));

    public int Length { get; private set; }

    /// <summary>Whether the limit is reached.</summary>
    public bool IsFull => Length >= limit;

    /// <summary>What has been written; writable, since headers are patched in place.</summary>
    public Span<byte> Span => _array.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count)
    {
        if ((uint)count > (uint)(_array.Length - Length))
            throw new ArgumentOutOfRangeException(nameof(count));
        if (Length + count > limit)
            throw new BufferLimitException();
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsSpan(Length);
    }

    public void Write(ReadOnlySpan<byte> source)
    {
        source.CopyTo(GetSpan(source.Length));
        Advance(source.Length);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        Length = 0;
    }

    private void Reserve(int count)
    {
        long needed = (long)Length + count;
        if (needed <= _array.Length)
            return;
        int most = Math.Min(limit, Array.MaxLength);
        if (needed > most)
            throw new BufferLimitException();
        long doubled = Math.Min(2L * Math.Max(_array.Length, 128), most);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, doubled));
        Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}

/// <summary>A buffer would grow beyond its limit. Caught where the limit was set.</summary>
public sealed class BufferLimitException : Exception;
