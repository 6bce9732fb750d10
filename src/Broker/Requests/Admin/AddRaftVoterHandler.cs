using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// AddRaftVoter (key 80), versions 0 and 1. The quorum is this node alone, as configured (kraft.version 0):
/// UNSUPPORTED_VERSION, behind what is wrong with the request itself.
/// </summary>
internal sealed class AddRaftVoterHandler(NodeIdentity node) : RequestHandler<AddRaftVoterRequest>
{
    internal const string FixedVoters = "The quorum's only voter is this node.";

    protected override void Handle(PendingRequest pending, AddRaftVoterRequest request)
    {
        var (error, message) = request.ClusterId is { } cluster && cluster != node.ClusterId
            ? (ErrorCode.InconsistentClusterId, $"This is cluster {node.ClusterId}.")
            : request.Listeners.Count == 0 ? (ErrorCode.InvalidRequest, "The voter has no listeners.")
            : (ErrorCode.UnsupportedVersion, FixedVoters);
        pending.Reply(new AddRaftVoterResponse { ErrorCode = error, ErrorMessage = message });
    }
}
