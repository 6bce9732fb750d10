using System.Diagnostics.CodeAnalysis;

namespace Millrace.Protocol.Records;

/// <summary>
/// Walks the records of a batch without allocating and without trusting a byte: every length is checked against the
/// record that holds it, and that against the section. Ends with <see cref="Error"/> null only if the section held
/// exactly the announced count of records.
/// </summary>
public ref struct RecordEnumerator
{
    private readonly ReadOnlySpan<byte> _data;
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long _appendTimestamp;
    private readonly bool _logAppendTime;
    private readonly int _count;
    private int _position;
    private int _read;
    private Record _current;

    internal RecordEnumerator(scoped in RecordBatch batch, ReadOnlySpan<byte> data)
    {
        _data = data;
        _baseOffset = batch.BaseOffset;
        _baseTimestamp = batch.BaseTimestamp;
        _appendTimestamp = batch.MaxTimestamp;
        _logAppendTime = batch.TimestampType == TimestampType.LogAppendTime;
        _count = batch.Count;
    }

    [UnscopedRef]
    public readonly ref readonly Record Current => ref _current;

    /// <summary>What is wrong with the records; null while all is well.</summary>
    public string? Error { get; private set; }

    public readonly RecordEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (Error is not null)
            return false;
        if (_read >= _count)
            return End();
        int position = _position;
        if (!Varint.TryReadInt(_data, ref position, out int length))
            return Fail("The record section ends before the announced count of records.");
        if (length < 0 || length > _data.Length - position)
            return Fail("A record is longer than the bytes that are left.");
        if (!TryParse(_data.Slice(position, length)))
            return Fail("A record's fields do not fit its length.");
        _position = position + length;
        _read++;
        return true;
    }

    private bool TryParse(ReadOnlySpan<byte> body)
    {
        int at = 1; // attributes, unused
        if (!Varint.TryReadLong(body, ref at, out long timestampDelta)
            || !Varint.TryReadInt(body, ref at, out int offsetDelta)
            || !TrySlice(body, ref at, out bool hasKey, out ReadOnlySpan<byte> key)
            || !TrySlice(body, ref at, out bool hasValue, out ReadOnlySpan<byte> value)
            || !Varint.TryReadInt(body, ref at, out int headers)
            || headers < 0 || headers > body.Length - at)
            return false;
        int headersAt = at;
        for (int i = 0; i < headers; i++)
        {
            if (!TrySlice(body, ref at, out bool hasName, out _) || !hasName || !TrySlice(body, ref at, out _, out _))
                return false;
        }

        _current = new Record
        {
            Offset = _baseOffset + offsetDelta,
            OffsetDelta = offsetDelta,
            Timestamp = _logAppendTime ? _appendTimestamp : _baseTimestamp + timestampDelta,
            HasKey = hasKey,
            Key = key,
            HasValue = hasValue,
            Value = value,
            HeaderCount = headers,
            HeaderBytes = body[headersAt..],
        };
        return at == body.Length;
    }

    private static bool TrySlice(
        ReadOnlySpan<byte> body, scoped ref int at, out bool present, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        present = false;
        if (!Varint.TryReadInt(body, ref at, out int length) || length > body.Length - at)
            return false;
        if (length < 0)
            return true;
        present = true;
        bytes = body.Slice(at, length);
        at += length;
        return true;
    }

    private bool End()
    {
        if (_count < 0)
            return Fail("The count of records is negative.");
        return _position < _data.Length && Fail("Bytes are left behind the announced count of records.");
    }

    private bool Fail(string error)
    {
        Error = error;
        return false;
    }
}
