using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
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
        if (_table.Find<ClassicGroup>(groupId) is not { } group)
            return new DescribeGroupsResponse.DescribedGroup
            {
                GroupId = groupId,
                GroupState = "Dead",
                ErrorCode = version >= FirstDescribeWithErrors ? ErrorCode.GroupIdNotFound : ErrorCode.None,
                ErrorMessage = version < FirstDescribeWithErrors ? null
                    : _table.Find(groupId) is not null ? $"Group {groupId} is not a classic group."
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

    /// <summary>KIP-848</summary>
    public ConsumerGroupDescribeResponse.DescribedGroup DescribeConsumerGroup(string groupId) =>
        _consumers.Describe(groupId);

    /// <summary>KIP-1071</summary>
    public StreamsGroupDescribeResponse.DescribedGroup DescribeStreamsGroup(string groupId) =>
        _streams.Describe(groupId);

    /// <summary>Adds the groups that pass the filters; an empty filter lets all pass, case does not matter.</summary>
    public void List(ListGroupsRequest request, List<ListGroupsResponse.ListedGroup> groups)
    {
        foreach (var group in _table.Groups)
            if (Passes(request.StatesFilter, group.StateName) && Passes(request.TypesFilter, group.TypeName))
                groups.Add(new ListGroupsResponse.ListedGroup
                {
                    GroupId = group.GroupId,
                    ProtocolType = group.ProtocolType,
                    GroupState = group.StateName,
                    GroupType = group.TypeName,
                });
    }

    /// <summary>
    /// Deletes a group without members and its offsets. The answer is due after the commit. For a share group the
    /// share coordinator has to begin: <see cref="ShareGroups"/>.
    /// </summary>
    public ErrorCode Delete(string groupId, Effects effects)
    {
        if (_table.Find(groupId) is not { } group)
            return ErrorCode.GroupIdNotFound;
        if (group.Type == GroupType.Share)
            return ErrorCode.CoordinatorNotAvailable;
        if (!group.IsEmpty)
            return ErrorCode.NonEmptyGroup;
        foreach (var (topic, partitions) in _offsets.Of(groupId))
            foreach (var (partition, _) in partitions)
                GroupRecords.DeleteOffset(effects, new OffsetKey(groupId, topic, partition));
        foreach (var key in _pending.Of(groupId).Where(key => !_offsets.TryGet(key, out _)))
            GroupRecords.DeleteOffset(effects, key);
        group.Delete(effects);
        return ErrorCode.None;
    }

    private static bool Passes(List<string> filter, string value) =>
        filter.Count == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
}
