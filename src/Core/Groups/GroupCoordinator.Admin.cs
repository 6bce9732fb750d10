using Millrace.Core.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// What administrators ask and do.
internal sealed partial class GroupCoordinator
{
    private const short FirstDescribeWithErrors = 6;

    /// <summary>Protocol and subscriptions show in a stable group, assignments until they are replaced.</summary>
    public DescribeGroupsResponse.DescribedGroup Describe(string groupId, short version)
    {
        if (!_groups.TryGetValue(groupId, out var group))
            return new DescribeGroupsResponse.DescribedGroup
            {
                GroupId = groupId,
                GroupState = "Dead",
                ErrorCode = version >= FirstDescribeWithErrors ? ErrorCode.GroupIdNotFound : ErrorCode.None,
                ErrorMessage = version < FirstDescribeWithErrors ? null
                    : _stored.ContainsKey(groupId) ? $"Group {groupId} is not a classic group."
                    : $"Group {groupId} not found.",
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
        foreach (var group in _groups.Values)
            List(group.GroupId, group.ProtocolType, group.State.ToString(), StoredGroup.NameOf(GroupType.Classic));
        foreach (var group in _stored.Values)
            List(group.GroupId, group.ProtocolType, group.State, group.TypeName);

        void List(string groupId, string protocolType, string state, string type)
        {
            if (Passes(request.StatesFilter, state) && Passes(request.TypesFilter, type))
                groups.Add(new ListGroupsResponse.ListedGroup
                {
                    GroupId = groupId,
                    ProtocolType = protocolType,
                    GroupState = state,
                    GroupType = type,
                });
        }
    }

    /// <summary>
    /// Deletes a group without members and its offsets. The answer is due after the commit. A share group is not
    /// deleted as long as the share coordinator, which has to begin, does not serve.
    /// </summary>
    public ErrorCode Delete(string groupId, Effects effects)
    {
        var group = _groups.GetValueOrDefault(groupId);
        var stored = _stored.GetValueOrDefault(groupId);
        if (group is null && stored is null)
            return ErrorCode.GroupIdNotFound;
        if (stored is { Type: GroupType.Share })
            return ErrorCode.CoordinatorNotAvailable;
        if (stored is { IsEmpty: false } || group is { State: not GroupState.Empty })
            return ErrorCode.NonEmptyGroup;
        foreach (var (topic, partitions) in _offsets.Of(groupId))
            foreach (var (partition, _) in partitions)
                GroupRecords.DeleteOffset(effects, new OffsetKey(groupId, topic, partition));
        foreach (var key in _pending.Of(groupId).Where(key => !_offsets.TryGet(key, out _)))
            GroupRecords.DeleteOffset(effects, key);
        if (stored is not null)
            stored.Delete(effects);
        else
            GroupRecords.DeleteGroup(effects, groupId);
        return ErrorCode.None;
    }

    private static bool Passes(List<string> filter, string value) =>
        filter.Count == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
}
