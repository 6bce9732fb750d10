using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>Heartbeat (key 12), versions 0 to 4.</summary>
internal sealed class HeartbeatHandler(GroupCoordinators coordinators) : RequestHandler<HeartbeatRequest>
{
    protected override void Handle(PendingRequest pending, HeartbeatRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Heartbeat(request, group, now, effects));
        if (isServed != true)
            pending.Reply(new HeartbeatResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
