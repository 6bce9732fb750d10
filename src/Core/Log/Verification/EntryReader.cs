using System.Buffers.Binary;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// The entries of an index file one after the other. Zeros behind the last one are space that was taken ahead.
/// Owned by one reader, which disposes it with the file.
/// </summary>
internal sealed class EntryReader : IDisposable
{
    private readonly IDiskFile _file;
    private readonly ReadAhead _window;
    private readonly int _size;
    private readonly bool _mayEndInZeros;

    public EntryReader(IDiskFile file, int entrySize, bool mayEndInZeros)
    {
        _file = file;
        _window = new ReadAhead(file, file.Length, ReadAhead.SmallChunk);
        _size = entrySize;
        _mayEndInZeros = mayEndInZeros;
        Position = -entrySize;
    }

    public long Position { get; private set; }

    public ReadOnlySpan<byte> Current => _window.At(Position, _size);

    public bool HasCurrent { get; private set; }

    /// <summary>Bytes at the end that are no whole entry, or no zeros where zeros began; 0 if all is well.</summary>
    public long Rest { get; private set; }

    /// <summary>The zeros at the end.</summary>
    public long ZeroBytes { get; private set; }

    public bool MoveNext()
    {
        Position += _size;
        ReadOnlySpan<byte> entry = _window.At(Position, _size);
        HasCurrent = entry.Length == _size && !(_mayEndInZeros && !entry.ContainsAnyExcept((byte)0));
        if (HasCurrent)
            return true;
        if (entry.Length < _size)
            Rest = entry.Length;
        else
            ReadZeros();
        return false;
    }

    public void Dispose()
    {
        _window.Dispose();
        _file.Dispose();
    }

    /// <summary>The entry behind the current one; empty where there is none.</summary>
    public ReadOnlySpan<byte> Peek()
    {
        ReadOnlySpan<byte> entry = _window.At(Position + _size, _size);
        return entry.Length < _size || !entry.ContainsAnyExcept((byte)0) ? default : entry;
    }

    public int Int32(int at) => BinaryPrimitives.ReadInt32BigEndian(Current[at..]);

    public long Int64(int at) => BinaryPrimitives.ReadInt64BigEndian(Current[at..]);

    private void ReadZeros()
    {
        for (long at = Position; at < _window.End;)
        {
            ReadOnlySpan<byte> bytes = _window.From(at, 1);
            if (bytes.ContainsAnyExcept((byte)0))
            {
                Rest = _window.End - Position;
                return;
            }

            at += bytes.Length;
        }

        ZeroBytes = _window.End - Position;
    }
}
