using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ShareGroupDescribe (key 77), version 1 (KIP-932). Groups of other kinds are GROUP_ID_NOT_FOUND.
/// </summary>
internal sealed class ShareGroupDescribeHandler(GroupCoordinators coordinators)
    : RequestHandler<ShareGroupDescribeRequest>
{
    /// <summary>
    /// A bit a Kafka operation code, for what may be done to a group: read, delete, describe, its configs too.
    /// </summary>
    private const int GroupOperations = 3400;

    protected override void Handle(PendingRequest pending, ShareGroupDescribeRequest request)
    {
        var response = new ShareGroupDescribeResponse();
        foreach (var groupId in request.GroupIds.Distinct())
        {
            var group = coordinators.Find(groupId)?.Read(core => core.ShareGroups.Describe(groupId))
                ?? new() { GroupId = groupId, ErrorCode = ErrorCode.NotCoordinator };
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
                group.AuthorizedOperations = GroupOperations;
            response.Groups.Add(group);
        }

        pending.Reply(response);
    }
}
