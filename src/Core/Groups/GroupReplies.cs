using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

/// <summary>Builds responses that several operations share.</summary>
internal static class GroupReplies
{
    private const short FirstWithNullProtocol = 7;

    public static JoinGroupResponse JoinError(short version, string memberId, ErrorCode error) => new()
    {
        ErrorCode = error,
        MemberId = memberId,
        ProtocolName = version >= FirstWithNullProtocol ? null : "",
    };

    /// <summary>Answers what a member waits for, before it goes or is replaced.</summary>
    public static void Dismiss(ClassicGroup group, ClassicMember member, ErrorCode error, Effects effects)
    {
        if (group.TakeJoin(member) is { } join)
            effects.Reply(join.Token, JoinError(join.ApiVersion, member.MemberId, error));
        if (member.Sync is { } sync)
            effects.Reply(sync.Token, new SyncGroupResponse { ErrorCode = error });
        member.Sync = null;
    }

    /// <summary>The current generation as a member sees it; the leader sees all members.</summary>
    public static JoinGroupResponse Joined(ClassicGroup group, ClassicMember member)
    {
        var response = new JoinGroupResponse
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.Protocol,
            Leader = group.Leader ?? "",
            MemberId = member.MemberId,
        };
        if (group.Leader == member.MemberId)
            response.Members = [.. group.Members.Select(other => new JoinGroupResponse.Member
            {
                MemberId = other.MemberId,
                GroupInstanceId = other.InstanceId,
                Metadata = other.MetadataOf(group.Protocol),
            })];
        return response;
    }

    public static SyncGroupResponse Synced(ClassicGroup group, ClassicMember member) => new()
    {
        ProtocolType = group.ProtocolType,
        ProtocolName = group.Protocol,
        Assignment = member.Assignment,
    };

    /// <summary>An answer with a place for each partition of the request, all without an error.</summary>
    public static OffsetCommitResponse For(OffsetCommitRequest request) => new()
    {
        Topics = [.. request.Topics.Select(topic => new OffsetCommitResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = [.. topic.Partitions.Select(partition => new OffsetCommitResponse.Partition
            {
                PartitionIndex = partition.PartitionIndex,
            })],
        })],
    };
}
