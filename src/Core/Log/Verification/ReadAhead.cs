using System.Buffers;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// A file read in order through one buffer, which grows only for a piece that is larger. Owned by one reader; a span is
/// good until the next call.
/// </summary>
internal sealed class ReadAhead(IDiskFile file, long end, int chunk = ReadAhead.LargeChunk) : IDisposable
{
    /// <summary>For files of batches.</summary>
    public const int LargeChunk = 512 * 1024;

    /// <summary>For files of small entries.</summary>
    public const int SmallChunk = 32 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(chunk);
    private long _start;
    private int _length;

    /// <summary>Where reading ends: the length of the file when it was opened, or less if it was cut since.</summary>
    public long End { get; private set; } = end;

    /// <summary>The bytes from a position on; fewer than asked for only at the end.</summary>
    public ReadOnlySpan<byte> At(long position, int length)
    {
        length = (int)Math.Min(length, Math.Max(End - position, 0));
        if (position < _start || position + length > _start + _length)
            Fill(position, length);
        int at = (int)(position - _start);
        return _buffer.AsSpan(at, Math.Min(length, Math.Max(_length - at, 0)));
    }

    /// <summary>All that is at hand from a position on, but not fewer than so many bytes if there are any.</summary>
    public ReadOnlySpan<byte> From(long position, int least)
    {
        _ = At(position, least);
        int at = (int)Math.Clamp(position - _start, 0, _length);
        return _buffer.AsSpan(at, _length - at);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private void Fill(long position, int length)
    {
        byte[] target = _buffer;
        if (length > target.Length)
            target = ArrayPool<byte>.Shared.Rent(length);
        int kept = 0;
        if (position >= _start && position < _start + _length)
        {
            kept = (int)(_start + _length - position);
            Buffer.BlockCopy(_buffer, (int)(position - _start), target, 0, kept);
        }

        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        (_start, _length) = (position, kept);
        int wanted = (int)Math.Min(_buffer.Length, End - position) - kept;
        int read = file.Read(position + kept, _buffer.AsSpan(kept, wanted));
        _length += read;
        if (read < wanted)
            End = position + _length;
    }
}
