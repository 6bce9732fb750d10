namespace Millrace.Broker;

/// <summary>Who this node is, and where clients are told to find it.</summary>
/// <param name="ClusterId">The cluster's id, made when the data directory was first used.</param>
/// <param name="NodeId">The node's number.</param>
/// <param name="AdvertisedHost">Null: the address by which the client came.</param>
/// <param name="AdvertisedPort">0: the port by which the client came.</param>
internal sealed record NodeIdentity(string ClusterId, int NodeId, string? AdvertisedHost, int AdvertisedPort)
{
    public (string Host, int Port) AddressFor(IConnection connection) =>
        AdvertisedHost is null ? (connection.LocalHost, connection.LocalPort) : (AdvertisedHost, AdvertisedPort);
}
