namespace Millrace.Core.Telemetry;

/// <summary>What a broker knows of a client by its connection, and by what the client said of itself.</summary>
/// <param name="ClientId">Of the request.</param>
/// <param name="SoftwareName">Of ApiVersions (KIP-511); "unknown" if the client did not say.</param>
/// <param name="SoftwareVersion">The same.</param>
/// <param name="Address">The client's, without a port.</param>
/// <param name="Port">The client's.</param>
internal sealed record ClientFacts(
    string ClientId, string SoftwareName, string SoftwareVersion, string Address, int Port)
{
    /// <summary>Characters of a text that are kept and looked at.</summary>
    public const int MostCharacters = 255;

    /// <summary>The same, with texts of clients that say too much cut.</summary>
    public ClientFacts Cut() => this with
    {
        ClientId = Cut(ClientId),
        SoftwareName = Cut(SoftwareName),
        SoftwareVersion = Cut(SoftwareVersion),
    };

    private static string Cut(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters];
}
