namespace Millrace.Protocol.Wire;

/// <summary>Stored record batches: copied when a response is written, or only when it is sent.</summary>
public interface IRecordSource
{
    /// <summary>Fills <paramref name="destination"/> from byte <paramref name="position"/> of the source.</summary>
    void Read(long position, Span<byte> destination);

    /// <summary>
    /// A descriptor of the file that has the bytes at the same positions, good until it is given back with
    /// <see cref="TakeBack"/>, whatever becomes of the file; -1 where there is none.
    /// </summary>
    /// <exception cref="IOException">The file is gone.</exception>
    int Lend() => -1;

    /// <summary>Ends one loan.</summary>
    void TakeBack()
    {
    }
}

/// <summary>Stored bytes that go between those of a <see cref="WireWriter"/>.</summary>
/// <param name="Source">Has lent the descriptor, and takes it back when the bytes are sent, or never will be.</param>
/// <param name="Descriptor">Of the file.</param>
/// <param name="Position">Of the first byte in the file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="At">How many of the writer's own bytes go before.</param>
public readonly record struct StoredSlice(IRecordSource Source, int Descriptor, long Position, int Length, int At);
