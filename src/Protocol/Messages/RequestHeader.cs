using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>
/// What stands before every request body. Version 2 (flexible requests) ends in tagged fields, yet the client id keeps
/// its int16 length in both versions.
/// </summary>
public readonly record struct RequestHeader(short ApiKey, short ApiVersion, int CorrelationId, string ClientId)
{
    /// <summary>Reads key, version, correlation id and, where the API is known, the rest.</summary>
    /// <exception cref="MalformedFrameException">The frame is too short.</exception>
    public static RequestHeader Read(ref WireReader reader)
    {
        var key = reader.Int16();
        var version = reader.Int16();
        var correlationId = reader.Int32();
        var clientId = reader.NullableString(flexible: false, allowNull: true) ?? "";
        if (Apis.Find(key) is { } api && api.IsFlexible(version))
            reader.SkipTags();
        return new RequestHeader(key, version, correlationId, clientId);
    }

    /// <summary>Writes a request's header, as a client does.</summary>
    public void Write(WireWriter writer)
    {
        writer.Int16(ApiKey);
        writer.Int16(ApiVersion);
        writer.Int32(CorrelationId);
        writer.NullableString(ClientId, flexible: false);
        if (Apis.Find(ApiKey) is { } api && api.IsFlexible(ApiVersion))
            writer.UnsignedVarint(0);
    }

    /// <summary>
    /// Writes a response's header: flexible responses have tagged fields, but those of ApiVersions never do, since a
    /// client reads them before it knows what the broker speaks.
    /// </summary>
    public void WriteResponse(WireWriter writer)
    {
        writer.Int32(CorrelationId);
        if (ApiKey != (short)Messages.ApiKey.ApiVersions && Apis.Find(ApiKey) is { } api && api.IsFlexible(ApiVersion))
            writer.UnsignedVarint(0);
    }
}
