using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Streams;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// Groups that are known from their records alone: share groups.
internal sealed partial class GroupCoordinator
{
    private const short FirstCommitWithEpochs = 9;

    /// <summary>
    /// A group begins with its first record and ends with the deletion of the one of its epoch. It takes the place of
    /// what was no more than a holder of offsets, and leaves such a one behind.
    /// </summary>
    private void ReplayStored(GroupType type, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        var (groupId, record) = GroupRecords.ReadStored(key, value, _strings);
        var group = _table.Find<StoredGroup>(groupId);
        if (value is not null)
        {
            if (group is not null && group.Type != type)
                _table.Remove(groupId);
            _table.GetOrAdd(groupId, id => new StoredGroup(id, type)).Adopt(record);
        }
        else if (group?.Type == type)
        {
            group.Forget(record);
            if (record.Fact == GroupFact.Epoch)
                Forget(groupId);
        }
    }

    /// <summary>A member that names itself must be one; only groups that are not classic look at that.</summary>
    private ErrorCode ValidateFetch(OffsetFetchRequest.Group request) =>
        _table.Find<ConsumerGroup>(request.GroupId) is { } consumer
            ? consumer.ValidateFetch(request.MemberId, request.MemberEpoch)
            : _table.Find<StreamsGroup>(request.GroupId) is { } streams
            ? streams.ValidateFetch(request.MemberId, request.MemberEpoch)
            : (request.MemberId is null && request.MemberEpoch < 0)
            || _table.Find<StoredGroup>(request.GroupId) is not { } group || group.Type == GroupType.Share
            ? ErrorCode.None
            : group.Validate(request.MemberId ?? "", request.MemberEpoch);

    /// <summary>
    /// Anybody commits to a group that nobody is in, members with the epoch that they have; share groups have no
    /// committed offsets.
    /// </summary>
    private static ErrorCode ValidateCommit(StoredGroup group, string memberId, int epoch, short version)
    {
        if (group.Type == GroupType.Share)
            return version >= FirstWithGroupIdNotFound ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
        if (epoch < 0 && group.IsEmpty)
            return ErrorCode.None;
        var error = group.Validate(memberId, epoch);
        return error != ErrorCode.UnknownMemberId && version < FirstCommitWithEpochs
            ? ErrorCode.UnsupportedVersion
            : error;
    }
}
