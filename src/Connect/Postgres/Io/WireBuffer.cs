using System.Buffers.Binary;
using System.Text;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// Frames of PostgreSQL's protocol (version 3) out of a byte stream: type, length, body. Owned by one connection; a
/// body is valid until the next <see cref="FillAsync"/>.
/// </summary>
internal sealed class WireBuffer(Stream stream)
{
    private const int MaxFrame = 0x4000_0000; // PostgreSQL's own limit of a field is 1 GiB
    private const int Header = 5;
    private const int MinRead = 64 * 1024;
    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next frame that is already here.</summary>
    public bool TryRead(out char type, out ReadOnlyMemory<byte> body)
    {
        type = default;
        body = default;
        if (_end - _start < Header)
            return false;
        var length = FrameLength();
        if (_end - _start - 1 < length)
            return false;
        type = (char)_buffer[_start];
        body = _buffer.AsMemory(_start + Header, length - 4);
        _start += length + 1;
        return true;
    }

    /// <summary>Waits for more bytes.</summary>
    public async ValueTask FillAsync(CancellationToken cancellation)
    {
        MakeRoom();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        if (read == 0)
            throw new EndOfStreamException("PostgreSQL closed the replication connection");
        _end += read;
    }

    public async ValueTask<(char Type, ReadOnlyMemory<byte> Body)> ReadAsync(CancellationToken cancellation)
    {
        char type;
        ReadOnlyMemory<byte> body;
        while (!TryRead(out type, out body))
            await FillAsync(cancellation);
        return (type, body);
    }

    public static string Text(ref ReadOnlySpan<byte> body)
    {
        var end = body.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(end < 0 ? body : body[..end]);
        body = end < 0 ? [] : body[(end + 1)..];
        return text;
    }

    private void MakeRoom()
    {
        if (_start == _end)
            _start = _end = 0;
        var needed = _end - _start < Header ? Header : FrameLength() + 1;
        if (_buffer.Length - _start >= needed && _buffer.Length - _end >= MinRead)
            return;
        var target = needed + MinRead > _buffer.Length
            ? new byte[Math.Max(needed + MinRead, _buffer.Length * 2)]
            : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, _end - _start);
        _buffer = target;
        _end -= _start;
        _start = 0;
    }

    private int FrameLength()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + 1));
        return length is >= 4 and <= MaxFrame
            ? length
            : throw new InvalidDataException($"PostgreSQL sent a frame of {length} bytes; is this its port?");
    }
}
