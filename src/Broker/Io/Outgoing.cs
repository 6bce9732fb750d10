using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>How many more ranges of files the connections of a loop may send without holding them in memory.</summary>
internal sealed class FileLoans(int most, int leastBytes)
{
    private const int ChunkBytes = 1 << 20;

    public int Left { get; set; } = most;

    /// <summary>Smaller ranges are read into memory when the response is written.</summary>
    public int LeastBytes => leastBytes;

    /// <summary>What is read from a file passes through here, and is sent at once.</summary>
    public byte[] Chunk { get; } = GC.AllocateUninitializedArray<byte>(ChunkBytes, pinned: true);
}

/// <summary>
/// Responses on their way to one client: bytes in memory and, between them, ranges of log files, which pass through a
/// chunk of the loop only when the socket takes them. (With sendfile both ends spent more where it was measured.)
/// </summary>
/// <remarks>
/// <para>Owned by the loop, lent to a connection while it has something to send. 1. All goes in the order of writing.
/// 2. The descriptor of a range that is not sent yet stays open, whatever becomes of the file. 3. A range that the file
/// does not have whole breaks the connection: what came behind it would be taken for records.</para>
/// </remarks>
internal sealed class Outgoing(FileLoans loans) : IDisposable
{
    private const int SizeBytes = 4;
    private const int MostSentKept = 64 * 1024;

    private readonly WireWriter _writer = new();
    private int _frameStart;
    private long _bytesBefore;
    private int _lent;
    private int _sent;
    private int _slice;
    private int _sentOfSlice;
    private long _sentOfFiles;

    /// <summary>Bytes of memory that it holds.</summary>
    public int Capacity => _writer.Capacity;

    /// <summary>Bytes that the socket has not taken.</summary>
    public long Unsent => Written - _sent - _sentOfFiles;

    private long Written => _writer.Length + _writer.SlicedBytes;

    /// <summary>Where the next response is written, behind the others.</summary>
    public WireWriter BeginFrame()
    {
        if (_sent >= MostSentKept && _sent >= _writer.Length / 2)
            ForgetSent();
        _frameStart = _writer.Length;
        _bytesBefore = Written;
        _writer.MostSlices = _lent + loans.Left;
        _writer.LeastSlice = loans.LeastBytes;
        _writer.Int32(0);
        return _writer;
    }

    /// <summary>The response is written; its size in bytes, without those of the size itself.</summary>
    public int EndFrame()
    {
        loans.Left -= _writer.Slices.Count - _lent;
        _lent = _writer.Slices.Count;
        var size = checked((int)(Written - _bytesBefore - SizeBytes));
        _writer.PatchInt32(_frameStart, size);
        return size;
    }

    /// <summary>
    /// Sends until nothing is left (0), the socket is full (<see cref="Sockets.WouldBlock"/>) or the connection can't
    /// go on (<see cref="Sockets.Failed"/>).
    /// </summary>
    public int Send(int socket)
    {
        while (Unsent > 0)
        {
            var slices = _writer.Slices;
            var isBeforeSlice = _slice < slices.Count;
            var end = isBeforeSlice ? slices[_slice].At : _writer.Length;
            var count = _sent < end
                ? Sockets.Send(socket, _writer.WrittenSpan[_sent..end], more: isBeforeSlice)
                : SendSlice(socket, slices[_slice]);
            if (count < 0)
                return count;
            if (_sent < end)
                _sent += count;
        }

        return 0;
    }

    /// <summary>Ready for the next client; what was lent is given back.</summary>
    public void Clear()
    {
        loans.Left += _lent - _slice;
        _writer.Clear();
        (_lent, _sent, _slice, _sentOfSlice, _sentOfFiles) = (0, 0, 0, 0, 0);
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>A client that always leaves a little must not make all that it ever got be kept.</summary>
    private void ForgetSent()
    {
        _sentOfFiles = _sentOfSlice;
        _lent -= _slice;
        _slice = 0;
        _writer.Forget(_sent);
        _sent = 0;
    }

    private bool TryRead(in StoredSlice slice, Span<byte> chunk)
    {
        try
        {
            return Native.Read(slice.Descriptor, slice.Position + _sentOfSlice, chunk, "a segment") == chunk.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private int SendSlice(int socket, in StoredSlice slice)
    {
        var left = slice.Length - _sentOfSlice;
        var chunk = loans.Chunk.AsSpan(0, Math.Min(loans.Chunk.Length, left));
        if (!TryRead(slice, chunk))
            return Sockets.Failed;
        var count = Sockets.Send(socket, chunk, more: chunk.Length < left);
        if (count < 0)
            return count;
        _sentOfFiles += count;
        _sentOfSlice += count;
        if (_sentOfSlice < slice.Length)
            return count;
        _slice++;
        _sentOfSlice = 0;
        loans.Left++;
        _writer.TakeBackSlice();
        return count;
    }
}
