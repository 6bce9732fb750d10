namespace Millrace.Shared.Simulated;

/// <summary>A write that is not durable yet; null bytes are a truncation to the position.</summary>
internal readonly record struct PendingWrite(int Position, byte[]? Bytes);

/// <summary>
/// The bytes of a file on a simulated disk: those that a process reads, those that are durable, and the writes that
/// lead from these to those. 1. The durable bytes with all pending writes are the content, unless a flush failed: that
/// drops the pending writes, which no later flush brings back.
/// </summary>
internal sealed class SimFile
{
    private Buffer _content;
    private Buffer _durable;

    /// <summary>Space that is taken beyond the content.</summary>
    public long Reserved { get; set; }

    public int Handles { get; set; }

    public bool IsLinked { get; set; } = true;

    public int Length => _content.Length;

    public long Allocated => Math.Max(Length, Reserved);

    public ReadOnlySpan<byte> Content => _content.Span;

    public ReadOnlySpan<byte> Durable => _durable.Span;

    public List<PendingWrite> Pending { get; private set; } = [];

    public byte[] LiveContent() => _content.Exact();

    public static SimFile Settled(ReadOnlySpan<byte> content)
    {
        var file = new SimFile();
        file._content.Write(0, content);
        file._durable.Write(0, content);
        return file;
    }

    /// <summary>A file with this content and other durable bytes, and nothing pending between them.</summary>
    public static SimFile Of(ReadOnlySpan<byte> content, ReadOnlySpan<byte> durable)
    {
        SimFile file = Settled(content);
        file._durable.Truncate(0);
        file._durable.Write(0, durable);
        return file;
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        _content.Write((int)position, source);
        Pending.Add(new PendingWrite((int)position, source.ToArray()));
    }

    public void Truncate(long length)
    {
        _content.Truncate((int)length);
        Reserved = Math.Min(Reserved, length);
        Pending.Add(new PendingWrite((int)length, null));
    }

    /// <summary>Takes what is pending away: it becomes durable by <see cref="Settle"/>, or is lost.</summary>
    public List<PendingWrite> TakePending()
    {
        List<PendingWrite> taken = Pending;
        Pending = [];
        return taken;
    }

    /// <summary>Makes writes durable.</summary>
    public void Settle(List<PendingWrite> writes)
    {
        foreach ((int position, byte[]? bytes) in writes)
        {
            if (bytes is null)
                _durable.Truncate(position);
            else
                _durable.Write(position, bytes);
        }
    }

    public void Flip(int position, int bit)
    {
        _content.Flip(position, bit);
        _durable.Flip(position, bit);
    }

    private struct Buffer
    {
        private byte[]? _bytes;

        public int Length { get; private set; }

        public readonly ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

        /// <summary>Bytes between the end and the position become zeros.</summary>
        public void Write(int position, ReadOnlySpan<byte> source)
        {
            int end = position + source.Length;
            if (_bytes is null || _bytes.Length < end)
                Array.Resize(ref _bytes, Math.Max(end, 2 * Length));
            source.CopyTo(_bytes.AsSpan(position));
            Length = Math.Max(Length, end);
        }

        public void Truncate(int length)
        {
            if (length > Length)
                Write(Length, new byte[length - Length]);
            _bytes.AsSpan(length, Length - length).Clear();
            Length = length;
        }

        public byte[] Exact()
        {
            Array.Resize(ref _bytes, Length);
            return _bytes!;
        }

        public readonly void Flip(int position, int bit)
        {
            if (position < Length)
                _bytes![position] ^= (byte)(1 << bit);
        }
    }
}
