namespace Millrace.Protocol.Wire;

/// <summary>A structure that stands on the wire or in a log record in one or more versions.</summary>
public interface IMessage
{
    /// <summary>Fills this instance. Byte fields stay slices of the frame and live as long as it does.</summary>
    /// <exception cref="MalformedFrameException">The bytes do not follow the specification.</exception>
    void Read(ref WireReader reader, short version);

    /// <summary>Appends this instance; fields that <paramref name="version"/> lacks are left out.</summary>
    void Write(WireWriter writer, short version);
}
