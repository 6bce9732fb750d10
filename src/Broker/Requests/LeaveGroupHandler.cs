using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>LeaveGroup (key 13), versions 0 to 5. From version 3 on several members at once.</summary>
internal sealed class LeaveGroupHandler(GroupCoordinators coordinators) : RequestHandler<LeaveGroupRequest>
{
    protected override void Handle(PendingRequest pending, LeaveGroupRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Leave(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(new LeaveGroupResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
