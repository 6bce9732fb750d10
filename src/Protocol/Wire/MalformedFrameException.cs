namespace Millrace.Protocol.Wire;

/// <summary>
/// Bytes from outside that no version of the protocol allows. The connection that sent them is closed, as Kafka does.
/// </summary>
public sealed class MalformedFrameException(string message) : Exception(message);
