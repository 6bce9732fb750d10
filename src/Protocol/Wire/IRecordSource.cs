namespace Millrace.Protocol.Wire;

/// <summary>Stored record batches that are copied only when a response is written.</summary>
public interface IRecordSource
{
    /// <summary>Fills <paramref name="destination"/> from byte <paramref name="position"/> of the source.</summary>
    void Read(long position, Span<byte> destination);
}
