namespace Millrace.Protocol.Wire;

/// <summary>
/// The value of a <c>records</c> field: null, bytes in memory (a slice of the frame that was read), or a range of a
/// stored log that is read straight into the response.
/// </summary>
public readonly struct RecordData
{
    private readonly Memory<byte> _bytes;
    private readonly IRecordSource? _source;
    private readonly long _position;
    private readonly bool _isPresent;

    public RecordData(Memory<byte> bytes)
    {
        _bytes = bytes;
        Length = bytes.Length;
        _isPresent = true;
    }

    public RecordData(IRecordSource source, long position, int length)
    {
        _source = source;
        _position = position;
        Length = length;
        _isPresent = true;
    }

    public static RecordData Null => default;

    public static RecordData Empty => new(Memory<byte>.Empty);

    public bool IsNull => !_isPresent;

    /// <summary>Bytes; 0 for null.</summary>
    public int Length { get; }

    /// <summary>The bytes of a field read from a frame. Writable: the broker stamps offsets in place.</summary>
    public Memory<byte> Bytes =>
        _source is null ? _bytes : throw new InvalidOperationException("Stored records have no bytes in memory.");

    public void CopyTo(Span<byte> destination)
    {
        if (_source is null)
            _bytes.Span.CopyTo(destination);
        else
            _source.Read(_position, destination[..Length]);
    }

    /// <summary>The stored bytes with the file they are in, lent; false where they must be copied.</summary>
    internal bool TryLend(int at, out StoredSlice slice)
    {
        var descriptor = _source?.Lend() ?? -1;
        slice = descriptor < 0 ? default : new StoredSlice(_source!, descriptor, _position, Length, at);
        return descriptor >= 0;
    }
}
