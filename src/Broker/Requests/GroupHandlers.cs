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

/// <summary>
/// ListGroups (key 16), versions 0 to 5: the groups of every shard, filtered by state (4) and type (5).
/// </summary>
internal sealed class ListGroupsHandler(GroupCoordinators coordinators) : RequestHandler<ListGroupsRequest>
{
    protected override void Handle(PendingRequest pending, ListGroupsRequest request)
    {
        var response = new ListGroupsResponse();
        foreach (var shard in coordinators.Shards)
        {
            var listed = shard.Read(core =>
            {
                var groups = new List<ListGroupsResponse.ListedGroup>();
                core.List(request, groups);
                return groups;
            });
            response.Groups.AddRange(listed ?? []);
        }

        pending.Reply(response);
    }
}

/// <summary>
/// DescribeGroups (key 15), versions 0 to 6. A group that is not there is Dead, and from version 6 an error.
/// </summary>
internal sealed class DescribeGroupsHandler(GroupCoordinators coordinators) : RequestHandler<DescribeGroupsRequest>
{
    /// <summary>A bit a Kafka operation code, for what may be done to a group: read, delete, describe.</summary>
    private const int GroupOperations = 328;

    protected override void Handle(PendingRequest pending, DescribeGroupsRequest request)
    {
        var response = new DescribeGroupsResponse();
        foreach (var groupId in request.Groups)
        {
            var group = coordinators.Find(groupId)?.Read(core => core.Describe(groupId, pending.Version))
                ?? new() { GroupId = groupId, ErrorCode = ErrorCode.NotCoordinator, GroupState = "" };
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
                group.AuthorizedOperations = GroupOperations;
            response.Groups.Add(group);
        }

        pending.Reply(response);
    }
}
