using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// Walks the batch headers of a segment file from a position that a batch starts at; records stay unread.
/// </summary>
internal ref struct BatchScanner(IDiskFile file, long position, long end, Span<byte> window)
{
    /// <summary>A good size for the window, several small batches.</summary>
    public const int WindowSize = 2048;

    private readonly Span<byte> _window = window;
    private long _windowAt;
    private int _windowLength;

    /// <summary>Where the current batch starts.</summary>
    public long Position { get; private set; }

    /// <summary>Where the current batch ends and the next one starts.</summary>
    public long Next { get; private set; } = position;

    /// <summary>The header of the current batch.</summary>
    public RecordBatch Header { get; private set; }

    /// <summary>False at the end, and where no whole batch of format 2 follows.</summary>
    public bool MoveNext()
    {
        if (end - Next < RecordBatch.HeaderSize)
            return false;
        if (Next < _windowAt || Next + RecordBatch.HeaderSize > _windowAt + _windowLength)
        {
            _windowAt = Next;
            _windowLength = file.Read(Next, _window[..(int)Math.Min(_window.Length, end - Next)]);
            if (_windowLength < RecordBatch.HeaderSize)
                return false;
        }

        RecordBatch header = RecordBatch.FromHeader(_window[(int)(Next - _windowAt)..]);
        if (header.Magic != 2 || header.SizeInBytes < RecordBatch.HeaderSize || header.SizeInBytes > end - Next)
            return false;
        Header = header;
        Position = Next;
        Next += header.SizeInBytes;
        return true;
    }
}
