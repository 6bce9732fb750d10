namespace Millrace.Connect.Changes;

internal enum ValueKind : byte
{
    Null,
    Text,

    /// <summary>A TOASTed value that did not change and that the server did not send.</summary>
    Unchanged,
}

/// <summary>
/// The values of one row as text, slices of a buffer that belongs to whoever filled it: valid until the next change
/// is read. Reused.
/// </summary>
internal sealed class Row
{
    private readonly List<(ValueKind Kind, int Start, int Length)> _values = [];
    private ReadOnlyMemory<byte> _buffer;

    public int Count => _values.Count;

    public void Reset(ReadOnlyMemory<byte> buffer)
    {
        _buffer = buffer;
        _values.Clear();
    }

    public void Add(ValueKind kind, int start = 0, int length = 0) => _values.Add((kind, start, length));

    public ValueKind Kind(int column) => column < _values.Count ? _values[column].Kind : ValueKind.Null;

    public ReadOnlySpan<byte> Text(int column)
    {
        var (_, start, length) = _values[column];
        return _buffer.Span.Slice(start, length);
    }
}
