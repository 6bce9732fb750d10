using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about share groups and their state.</summary>
internal static class OfShare
{
    private static readonly Uuid Unknown = new(7, 7);

    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.ShareGroupHeartbeat, "nothing in it", "InvalidRequest", _ => new ShareGroupHeartbeatRequest()),
        new(ApiKey.ShareGroupHeartbeat, "an unknown member", "GroupIdNotFound", _ => new ShareGroupHeartbeatRequest
        {
            GroupId = "unknown",
            MemberId = "nobody",
            MemberEpoch = 5,
        }),
        new(ApiKey.ShareGroupDescribe, "an unknown and an empty group", "InvalidGroupId GroupIdNotFound",
            _ => new ShareGroupDescribeRequest
            {
                GroupIds = ["unknown", ""],
            }),
        new(ApiKey.ShareFetch, "an unknown session", "ShareSessionNotFound", _ => new ShareFetchRequest
        {
            GroupId = "unknown",
            MemberId = new Uuid(7, 9).ToString(),
            ShareSessionEpoch = 5,
        }),
        new(ApiKey.ShareFetch, "neither a group nor a member", "InvalidRequest", _ => new ShareFetchRequest()),
        new(ApiKey.ShareFetch, "a member that is no id", "None", _ => new ShareFetchRequest
        {
            GroupId = "unknown",
            MemberId = "nobody",
        }),
        new(ApiKey.ShareAcknowledge, "an unknown session", "ShareSessionNotFound", _ => new ShareAcknowledgeRequest
        {
            GroupId = "unknown",
            MemberId = new Uuid(7, 9).ToString(),
            ShareSessionEpoch = 5,
        }),
        new(ApiKey.ShareAcknowledge, "a session that begins", "InvalidShareSessionEpoch",
            _ => new ShareAcknowledgeRequest
            {
                GroupId = "unknown",
                MemberId = new Uuid(7, 9).ToString(),
            }),
        new(ApiKey.DescribeShareGroupOffsets, "an unknown group", "None", _ => new DescribeShareGroupOffsetsRequest
        {
            Groups = [new() { GroupId = "unknown" }, new()],
        }),
        new(ApiKey.AlterShareGroupOffsets, "an unknown group", "UnknownTopicOrPartition",
            _ => new AlterShareGroupOffsetsRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicName = "unknown", Partitions = [new()] }],
            }),
        new(ApiKey.AlterShareGroupOffsets, "an empty group", "InvalidGroupId",
            _ => new AlterShareGroupOffsetsRequest()),
        new(ApiKey.DeleteShareGroupOffsets, "an unknown group", "GroupIdNotFound",
            _ => new DeleteShareGroupOffsetsRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicName = Topic }],
            }),
        new(ApiKey.DeleteShareGroupOffsets, "an empty group", "InvalidGroupId",
            _ => new DeleteShareGroupOffsetsRequest()),
        new(ApiKey.InitializeShareGroupState, "an unknown topic id", "UnknownTopicOrPartition",
            _ => new InitializeShareGroupStateRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicId = Unknown, Partitions = [new() { Partition = 0 }] }],
            }),
        new(ApiKey.InitializeShareGroupState, "an empty group", "None", _ => new InitializeShareGroupStateRequest()),
        new(ApiKey.ReadShareGroupState, "a state that nobody has", "UnknownTopicOrPartition",
            _ => new ReadShareGroupStateRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicId = Unknown, Partitions = [new() { Partition = 0 }] }],
            }) { Kafka = "InvalidRequest" },
        new(ApiKey.ReadShareGroupStateSummary, "a partition below zero", "InvalidRequest",
            _ => new ReadShareGroupStateSummaryRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicId = Unknown, Partitions = [new() { Partition = -1 }] }],
            }),
        new(ApiKey.WriteShareGroupState, "a state that nobody has", "UnknownTopicOrPartition",
            _ => new WriteShareGroupStateRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicId = Unknown, Partitions = [new() { Partition = 0 }] }],
            }) { Kafka = "InvalidRequest" },
        new(ApiKey.DeleteShareGroupState, "a state that nobody has", "UnknownTopicOrPartition",
            _ => new DeleteShareGroupStateRequest
            {
                GroupId = "unknown",
                Topics = [new() { TopicId = Unknown, Partitions = [new() { Partition = 0 }] }],
            }),
    ];
}
