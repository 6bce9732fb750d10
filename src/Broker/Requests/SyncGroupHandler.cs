using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// SyncGroup (key 14), versions 0 to 5. Answered when the leader's assignment is on stable storage.
/// </summary>
internal sealed class SyncGroupHandler(GroupCoordinators coordinators) : RequestHandler<SyncGroupRequest>
{
    protected override void Handle(PendingRequest pending, SyncGroupRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Sync(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(new SyncGroupResponse { ErrorCode = ErrorCode.NotCoordinator });
    }
}
