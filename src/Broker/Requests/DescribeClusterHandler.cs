using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// DescribeCluster (key 60), versions 0 to 2. On a broker's port the only endpoints that can be asked for are brokers'.
/// </summary>
internal sealed class DescribeClusterHandler(NodeIdentity node) : RequestHandler<DescribeClusterRequest>
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    protected override void Handle(PendingRequest pending, DescribeClusterRequest request)
    {
        var (host, port) = node.AddressFor(pending.Connection);
        var response = new DescribeClusterResponse { ClusterId = node.ClusterId, EndpointType = request.EndpointType };
        if (request.EndpointType != Brokers)
        {
            response.ClusterId = "";
            response.EndpointType = Brokers;
            response.ErrorCode = request.EndpointType == Controllers
                ? ErrorCode.MismatchedEndpointType
                : ErrorCode.UnsupportedEndpointType;
            response.ErrorMessage = "This port serves brokers.";
        }
        else
        {
            response.ControllerId = node.NodeId;
            response.Brokers.Add(new() { BrokerId = node.NodeId, Host = host, Port = port });
            if (request.IncludeClusterAuthorizedOperations)
                response.ClusterAuthorizedOperations = MetadataHandler.ClusterOperations;
        }

        pending.Reply(response);
    }
}
