using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// StreamsGroupDescribe (key 89), versions 0 and 1 (KIP-1071). Groups of other kinds are GROUP_ID_NOT_FOUND. Version 1
/// tells the assignor; descriptions of topologies are not stored.
/// </summary>
internal sealed class StreamsGroupDescribeHandler(GroupCoordinators coordinators)
    : RequestHandler<StreamsGroupDescribeRequest>
{
    /// <summary>
    /// A bit a Kafka operation code, for what may be done to a group: read, delete, describe, its configs too.
    /// </summary>
    private const int GroupOperations = 3400;

    protected override void Handle(PendingRequest pending, StreamsGroupDescribeRequest request)
    {
        var response = new StreamsGroupDescribeResponse();
        foreach (var groupId in request.GroupIds.Distinct())
        {
            var group = coordinators.Find(groupId)?.Read(core => core.DescribeStreamsGroup(groupId))
                ?? new() { GroupId = groupId, ErrorCode = ErrorCode.NotCoordinator };
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
                group.AuthorizedOperations = GroupOperations;
            response.Groups.Add(group);
        }

        pending.Reply(response);
    }
}
