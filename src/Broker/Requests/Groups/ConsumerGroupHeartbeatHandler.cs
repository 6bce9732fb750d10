using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// ConsumerGroupHeartbeat (key 68), versions 0 and 1 (KIP-848). Answered when all that it tells is on stable storage.
/// </summary>
/// <remarks>Version 0 gives a member an id that has none; version 1 knows regular expressions.</remarks>
internal sealed class ConsumerGroupHeartbeatHandler(GroupCoordinators coordinators)
    : RequestHandler<ConsumerGroupHeartbeatRequest>
{
    protected override void Handle(PendingRequest pending, ConsumerGroupHeartbeatRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Heartbeat(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(new ConsumerGroupHeartbeatResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
