namespace Millrace.Protocol.Records;

/// <summary>
/// One record, seen over the bytes of its batch. An absent key or value is an empty span with Has... false.
/// </summary>
public readonly ref struct Record
{
    public long Offset { get; init; }

    public int OffsetDelta { get; init; }

    public long Timestamp { get; init; }

    public bool HasKey { get; init; }

    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>False for a tombstone.</summary>
    public bool HasValue { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public int HeaderCount { get; init; }

    /// <summary>The headers as they are encoded, after their count.</summary>
    public ReadOnlySpan<byte> HeaderBytes { get; init; }

    public RecordHeaders Headers => new(HeaderBytes);
}

/// <summary>One header of a record.</summary>
public readonly ref struct RecordHeader
{
    /// <summary>UTF-8, as far as the producer kept to it.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    public bool HasValue { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }
}

/// <summary>Walks the headers of a record, which <see cref="RecordEnumerator"/> has checked.</summary>
public ref struct RecordHeaders
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    internal RecordHeaders(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public RecordHeader Current { get; private set; }

    public readonly RecordHeaders GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_position == _bytes.Length)
            return false;
        Varint.TryReadInt(_bytes, ref _position, out int keyLength);
        ReadOnlySpan<byte> key = _bytes.Slice(_position, keyLength);
        _position += keyLength;
        Varint.TryReadInt(_bytes, ref _position, out int valueLength);
        ReadOnlySpan<byte> value = _bytes.Slice(_position, Math.Max(valueLength, 0));
        _position += value.Length;
        Current = new RecordHeader { Key = key, HasValue = valueLength >= 0, Value = value };
        return true;
    }
}
