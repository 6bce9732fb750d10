using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ShareGroupHeartbeat (key 76), version 1 (KIP-932). A member joins, keeps up and leaves; answered when all that it
/// tells is on stable storage.
/// </summary>
internal sealed class ShareGroupHeartbeatHandler(GroupCoordinators coordinators)
    : RequestHandler<ShareGroupHeartbeatRequest>
{
    protected override void Handle(PendingRequest pending, ShareGroupHeartbeatRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Heartbeat(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(new ShareGroupHeartbeatResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
