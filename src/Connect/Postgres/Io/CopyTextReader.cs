using Millrace.Connect.Changes;

namespace Millrace.Connect.Postgres.Io;

/// <summary>Rows out of COPY's text format: fields between tabs, backslash escapes, <c>\N</c> for NULL.</summary>
internal sealed class CopyTextReader(Stream stream)
{
    private byte[] _buffer = new byte[128 * 1024];
    private int _start;
    private int _end;

    /// <summary>Reads the next row into <paramref name="row"/>, whose values live in the returned buffer.</summary>
    /// <param name="buffer">A buffer to reuse; grown as needed.</param>
    public async ValueTask<(bool Read, byte[] Buffer)> ReadAsync(Row row, byte[] buffer, CancellationToken cancellation)
    {
        var scanned = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var length = scanned + newline;
                if (buffer.Length < length)
                    buffer = new byte[Math.Max(length, buffer.Length * 2)];
                Parse(_buffer.AsSpan(_start, length), row, buffer);
                _start += length + 1;
                return (true, buffer);
            }
            scanned = _end - _start;
            if (!await FillAsync(cancellation))
                return scanned == 0 ? (false, buffer) : throw new EndOfStreamException("COPY ended inside a row");
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }

    private static void Parse(ReadOnlySpan<byte> line, Row row, byte[] buffer)
    {
        row.Reset(buffer);
        var length = 0;
        while (true)
        {
            var tab = line.IndexOf((byte)'\t');
            var field = tab < 0 ? line : line[..tab];
            if (field.SequenceEqual("\\N"u8))
            {
                row.Add(ValueKind.Null);
            }
            else
            {
                var start = length;
                length += Unescape(field, buffer.AsSpan(length));
                row.Add(ValueKind.Text, start, length - start);
            }
            if (tab < 0)
                return;
            line = line[(tab + 1)..];
        }
    }

    private static int Unescape(ReadOnlySpan<byte> field, Span<byte> into)
    {
        var written = 0;
        while (true)
        {
            var escape = field.IndexOf((byte)'\\');
            var plain = escape < 0 ? field : field[..escape];
            plain.CopyTo(into[written..]);
            written += plain.Length;
            if (escape < 0 || escape + 1 >= field.Length)
                return written;
            into[written++] = (char)field[escape + 1] switch
            {
                'b' => (byte)'\b',
                'f' => (byte)'\f',
                'n' => (byte)'\n',
                'r' => (byte)'\r',
                't' => (byte)'\t',
                'v' => (byte)'\v',
                _ => field[escape + 1],
            };
            field = field[(escape + 2)..];
        }
    }
}
