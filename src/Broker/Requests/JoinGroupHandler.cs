using Millrace.Broker.Coordinators;
using Millrace.Core.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// JoinGroup (key 11), versions 0 to 9. Answered when the group's next generation begins.
/// </summary>
internal sealed class JoinGroupHandler(GroupCoordinators coordinators) : RequestHandler<JoinGroupRequest>
{
    protected override void Handle(PendingRequest pending, JoinGroupRequest request)
    {
        var group = new GroupRequest(pending);
        var isServed = coordinators.Find(request.GroupId)?.Run(
            (core, now, effects) => core.Join(request, group.Context, group, now, effects));
        if (isServed != true)
            pending.Reply(GroupReplies.JoinError(pending.Version, request.MemberId, ErrorCode.NotCoordinator));
    }
}
