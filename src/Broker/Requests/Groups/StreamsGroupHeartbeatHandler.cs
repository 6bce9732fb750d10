using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// StreamsGroupHeartbeat (key 88), versions 0 and 1 (KIP-1071). Answered when all that it tells is on stable storage.
/// </summary>
/// <remarks>
/// Version 1 tells the acceptable recovery lag and which client tags are missing. Descriptions of topologies are never
/// asked for, as by a Kafka without a plug-in for them. Internal topics that are missing are created after the answer.
/// </remarks>
internal sealed class StreamsGroupHeartbeatHandler(GroupCoordinators coordinators)
    : RequestHandler<StreamsGroupHeartbeatRequest>
{
    protected override void Handle(PendingRequest pending, StreamsGroupHeartbeatRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Heartbeat(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(new StreamsGroupHeartbeatResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
