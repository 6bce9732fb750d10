using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Millrace.Connect.Converters;

/// <summary>
/// A growing buffer of JSON text, written in the form of Kafka Connect's JsonConverter: UTF-8, characters outside the
/// BMP as two escapes, control characters escaped, '/' not. Reused record after record by one thread.
/// </summary>
internal sealed class JsonOutput
{
    private const string Hex = "0123456789ABCDEF";
    private static readonly SearchValues<byte> Special = SearchValues.Create(SpecialBytes());

    private byte[] _buffer = new byte[1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    public void Truncate(int length) => _length = length;

    public byte[] ToArray() => Written.ToArray();

    public void Raw(byte value)
    {
        Reserve(1);
        _buffer[_length++] = value;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Writes text that is already JSON.</summary>
    public void Raw(string text)
    {
        Reserve(text.Length * 3);
        _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
    }

    public void Null() => Raw("null"u8);

    public void Bool(bool value) => Raw(value ? "true"u8 : "false"u8);

    public void Long(long value)
    {
        Reserve(20);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out var written);
        _length += written;
    }

    public void String(string text) => String(Encoding.UTF8.GetBytes(text));

    public void String(ReadOnlySpan<byte> utf8)
    {
        Raw((byte)'"');
        StringPart(utf8);
        Raw((byte)'"');
    }

    /// <summary>Writes a piece of a string value, escaped, without its quotation marks.</summary>
    public void StringPart(ReadOnlySpan<byte> utf8)
    {
        while (true)
        {
            var next = utf8.IndexOfAny(Special);
            if (next < 0)
            {
                Raw(utf8);
                return;
            }
            Raw(utf8[..next]);
            utf8 = utf8[(next + Escape(utf8[next..]))..];
        }
    }

    public void Base64(ReadOnlySpan<byte> bytes)
    {
        Reserve(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length) + 2);
        _buffer[_length++] = (byte)'"';
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, _buffer.AsSpan(_length), out _, out var written);
        _length += written;
        _buffer[_length++] = (byte)'"';
    }

    /// <summary>Writes the special character that <paramref name="utf8"/> starts with; returns its length.</summary>
    private int Escape(ReadOnlySpan<byte> utf8)
    {
        var first = utf8[0];
        switch (first)
        {
            case (byte)'"': Raw("\\\""u8); return 1;
            case (byte)'\\': Raw("\\\\"u8); return 1;
            case (byte)'\b': Raw("\\b"u8); return 1;
            case (byte)'\f': Raw("\\f"u8); return 1;
            case (byte)'\n': Raw("\\n"u8); return 1;
            case (byte)'\r': Raw("\\r"u8); return 1;
            case (byte)'\t': Raw("\\t"u8); return 1;
        }
        if (first < 0x20)
        {
            Unicode(first);
            return 1;
        }
        if (Rune.DecodeFromUtf8(utf8, out var rune, out var consumed) != OperationStatus.Done)
        {
            Raw("\uFFFD"u8);
            return Math.Max(1, consumed);
        }
        Span<char> pair = stackalloc char[2];
        rune.EncodeToUtf16(pair);
        Unicode(pair[0]);
        Unicode(pair[1]);
        return consumed;
    }

    private void Unicode(int unit)
    {
        Raw("\\u"u8);
        for (var shift = 12; shift >= 0; shift -= 4)
            Raw((byte)Hex[(unit >> shift) & 15]);
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - _length < count)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
    }

    private static byte[] SpecialBytes()
    {
        var special = new List<byte> { (byte)'"', (byte)'\\' };
        for (var b = 0; b < 0x20; b++)
            special.Add((byte)b);
        for (var b = 0xF0; b <= 0xFF; b++)
            special.Add((byte)b);
        return [.. special];
    }
}
