using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// What administrators ask and do.
internal sealed partial class GroupCoordinator
{
    private const short FirstDescribeWithErrors = 6;
    private const string ClassicType = "classic";

    /// <summary>Protocol and subscriptions show in a stable group, assignments until they are replaced.</summary>
    public DescribeGroupsResponse.DescribedGroup Describe(string groupId, short version)
    {
        if (!_groups.TryGetValue(groupId, out var group))
            return new DescribeGroupsResponse.DescribedGroup
            {
                GroupId = groupId,
                GroupState = "Dead",
                ErrorCode = version >= FirstDescribeWithErrors ? ErrorCode.GroupIdNotFound : ErrorCode.None,
                ErrorMessage = version >= FirstDescribeWithErrors ? $"Group {groupId} not found." : null,
            };
        var protocol = group.State == GroupState.Stable ? group.Protocol : null;
        return new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = groupId,
            GroupState = group.State.ToString(),
            ProtocolType = group.ProtocolType,
            ProtocolData = protocol ?? "",
            Members = [.. group.Members.Select(member => new DescribeGroupsResponse.DescribedGroupMember
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = member.MetadataOf(protocol),
                MemberAssignment = member.Assignment,
            })],
        };
    }

    /// <summary>Adds the groups that pass the filters; an empty filter lets all pass, case does not matter.</summary>
    public void List(ListGroupsRequest request, List<ListGroupsResponse.ListedGroup> groups)
    {
        if (!Passes(request.TypesFilter, ClassicType))
            return;
        foreach (var group in _groups.Values)
        {
            var state = group.State.ToString();
            if (Passes(request.StatesFilter, state))
                groups.Add(new ListGroupsResponse.ListedGroup
                {
                    GroupId = group.GroupId,
                    ProtocolType = group.ProtocolType,
                    GroupState = state,
                    GroupType = ClassicType,
                });
        }
    }

    /// <summary>Deletes a group without members and its offsets. The answer is due after the commit.</summary>
    public ErrorCode Delete(string groupId, Effects effects)
    {
        if (!_groups.TryGetValue(groupId, out var group))
            return ErrorCode.GroupIdNotFound;
        if (group.State != GroupState.Empty)
            return ErrorCode.NonEmptyGroup;
        foreach (var (topic, partitions) in _offsets.Of(groupId))
            foreach (var (partition, _) in partitions)
                GroupRecords.DeleteOffset(effects, groupId, topic, partition);
        GroupRecords.DeleteGroup(effects, groupId);
        return ErrorCode.None;
    }

    private static bool Passes(List<string> filter, string value) =>
        filter.Count == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
}
