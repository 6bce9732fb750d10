namespace Millrace.Broker;

/// <summary>A client library and its version, as it names itself in ApiVersions (KIP-511).</summary>
internal sealed record ClientSoftware(string Name, string Version)
{
    public static readonly ClientSoftware Unknown = new("unknown", "unknown");
}
