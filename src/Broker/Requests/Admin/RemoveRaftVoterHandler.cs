using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// RemoveRaftVoter (key 81), version 0. The quorum is this node alone, as configured (kraft.version 0):
/// UNSUPPORTED_VERSION, unless another cluster is meant.
/// </summary>
internal sealed class RemoveRaftVoterHandler(NodeIdentity node) : RequestHandler<RemoveRaftVoterRequest>
{
    protected override void Handle(PendingRequest pending, RemoveRaftVoterRequest request)
    {
        var (error, message) = request.ClusterId is { } cluster && cluster != node.ClusterId
            ? (ErrorCode.InconsistentClusterId, $"This is cluster {node.ClusterId}.")
            : (ErrorCode.UnsupportedVersion, AddRaftVoterHandler.FixedVoters);
        pending.Reply(new RemoveRaftVoterResponse { ErrorCode = error, ErrorMessage = message });
    }
}
