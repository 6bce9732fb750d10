namespace Millrace.Protocol.Wire;

/// <summary>Record bytes that stay where they are (a log segment) until a response is written.</summary>
public interface IRecordSource
{
    /// <summary>Fills the whole destination with the bytes from <paramref name="position"/> on.</summary>
    /// <exception cref="IOException">The bytes cannot be read.</exception>
    void Read(long position, Span<byte> destination);
}
