using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// DescribeGroups (key 15), versions 0 to 6. A group that is not there is Dead, and from version 6 an error;
/// so is one that is not classic.
/// </summary>
internal sealed class DescribeGroupsHandler(GroupCoordinators coordinators) : RequestHandler<DescribeGroupsRequest>
{
    /// <summary>
    /// A bit a Kafka operation code, for what may be done to a group: read, delete, describe, its configs too.
    /// </summary>
    private const int GroupOperations = 3400;

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
