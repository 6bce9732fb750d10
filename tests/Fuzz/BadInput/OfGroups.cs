using Millrace.Protocol.Messages;
using static Millrace.Fuzz.BadInput.BadRow;
using static Millrace.Fuzz.BadInput.Existing;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about groups and their offsets.</summary>
internal static class OfGroups
{
    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.FindCoordinator, "no keys", "None", _ => new FindCoordinatorRequest()),
        new(ApiKey.FindCoordinator, "a type that nobody knows", "InvalidRequest", _ => Find(9, "g")),
        new(ApiKey.FindCoordinator, "a share key that is none", "InvalidRequest", _ => Find(2, "g")),
        new(ApiKey.FindCoordinator, "an empty key", "None", _ => Find(0, "")),
        new(ApiKey.OffsetCommit, "an unknown member", "GroupIdNotFound", at => Commit(at, "unknown", "nobody", 5)),
        new(ApiKey.OffsetCommit, "huge metadata", "OffsetMetadataTooLarge", at =>
        {
            var request = Commit(at, "huge", "", -1);
            request.Topics[0].Partitions[0].CommittedMetadata = Huge;
            return request;
        }),
        new(ApiKey.OffsetCommit, "no topics", "None", _ => new OffsetCommitRequest { GroupId = "g" }),
        new(ApiKey.OffsetFetch, "no groups", "None", _ => new OffsetFetchRequest()),
        new(ApiKey.OffsetFetch, "an unknown member", "None", _ => new OffsetFetchRequest
        {
            Groups = [new() { GroupId = "unknown", MemberId = "nobody", MemberEpoch = 5 }],
        }),
        new(ApiKey.OffsetFetch, "a group twice", "None", _ => new OffsetFetchRequest
        {
            Groups = [new() { GroupId = "g" }, new() { GroupId = "g" }],
        }),
        new(ApiKey.OffsetDelete, "an unknown group", "GroupIdNotFound",
            _ => new OffsetDeleteRequest { GroupId = "unknown" }),
        new(ApiKey.OffsetDelete, "an empty group", "InvalidGroupId", _ => new OffsetDeleteRequest
        {
            Topics = [new() { Name = Topic, Partitions = [new()] }],
        }),
        new(ApiKey.JoinGroup, "an empty group", "InvalidGroupId", _ => Join("", 10_000)),
        new(ApiKey.JoinGroup, "a session below zero", "InvalidSessionTimeout", _ => Join("g", -1)),
        new(ApiKey.JoinGroup, "a member that nobody named", "UnknownMemberId", _ => Join("g", 10_000, "nobody")),
        new(ApiKey.JoinGroup, "no protocols", "InconsistentGroupProtocol", _ =>
        {
            var request = Join("g", 10_000);
            request.Protocols = [];
            return request;
        }),
        new(ApiKey.JoinGroup, "a huge name", "InvalidSessionTimeout", _ => Join(Huge, -1)),
        new(ApiKey.Heartbeat, "an unknown group", "UnknownMemberId", _ => new HeartbeatRequest { GroupId = "unknown" }),
        new(ApiKey.Heartbeat, "an empty group", "InvalidGroupId", _ => new HeartbeatRequest()),
        new(ApiKey.LeaveGroup, "an unknown group", "UnknownMemberId", _ => new LeaveGroupRequest
        {
            GroupId = "unknown",
            Members = [new() { MemberId = "nobody" }],
        }),
        new(ApiKey.LeaveGroup, "nobody", "None", _ => new LeaveGroupRequest { GroupId = "unknown" }),
        new(ApiKey.SyncGroup, "an unknown group", "UnknownMemberId", _ => Sync("unknown")),
        new(ApiKey.SyncGroup, "an empty group", "InvalidGroupId", _ => Sync("")),
        new(ApiKey.DescribeGroups, "an unknown group", "GroupIdNotFound",
            _ => new DescribeGroupsRequest { Groups = ["unknown"] }),
        new(ApiKey.DescribeGroups, "an empty group", "GroupIdNotFound",
            _ => new DescribeGroupsRequest { Groups = [""] }),
        new(ApiKey.ListGroups, "a state and a type that nobody knows", "None", _ => new ListGroupsRequest
        {
            StatesFilter = ["Nowhere"],
            TypesFilter = ["none"],
        }),
        new(ApiKey.DeleteGroups, "an unknown, an empty one and one twice", "GroupIdNotFound",
            _ => new DeleteGroupsRequest
            {
                GroupsNames = ["unknown", "", "unknown"],
            }),
        new(ApiKey.ConsumerGroupHeartbeat, "nothing in it", "InvalidRequest", _ => new ConsumerGroupHeartbeatRequest()),
        new(ApiKey.ConsumerGroupHeartbeat, "an unknown member", "GroupIdNotFound",
            _ => new ConsumerGroupHeartbeatRequest
            {
                GroupId = "unknown",
                MemberId = "nobody",
                MemberEpoch = 5,
            }),
        new(ApiKey.ConsumerGroupHeartbeat, "a pattern that is none", "InvalidRegularExpression",
            _ => new ConsumerGroupHeartbeatRequest
            {
                GroupId = "pattern",
                MemberId = "m",
                RebalanceTimeoutMs = 1000,
                SubscribedTopicRegex = "(",
                TopicPartitions = [],
            }),
        new(ApiKey.ConsumerGroupHeartbeat, "an assignor that nobody knows", "UnsupportedAssignor",
            _ => new ConsumerGroupHeartbeatRequest
            {
                GroupId = "assignor",
                MemberId = "m",
                RebalanceTimeoutMs = 1000,
                SubscribedTopicNames = [Topic],
                ServerAssignor = "none",
                TopicPartitions = [],
            }),
        new(ApiKey.ConsumerGroupDescribe, "an unknown and an empty group", "InvalidGroupId GroupIdNotFound",
            _ => new ConsumerGroupDescribeRequest
            {
                GroupIds = ["unknown", ""],
            }),
        new(ApiKey.StreamsGroupHeartbeat, "nothing in it", "InvalidRequest", _ => new StreamsGroupHeartbeatRequest()),
        new(ApiKey.StreamsGroupHeartbeat, "an unknown member", "GroupIdNotFound", _ => new StreamsGroupHeartbeatRequest
        {
            GroupId = "unknown",
            MemberId = "nobody",
            MemberEpoch = 5,
        }),
        new(ApiKey.StreamsGroupDescribe, "an unknown and an empty group", "InvalidGroupId GroupIdNotFound",
            _ => new StreamsGroupDescribeRequest
            {
                GroupIds = ["unknown", ""],
            }),
        new(ApiKey.StreamsGroupTopologyDescriptionUpdate, "an unknown group", "UnsupportedVersion",
            _ => new StreamsGroupTopologyDescriptionUpdateRequest { GroupId = "unknown", MemberId = "nobody" }),
        new(ApiKey.OffsetCommit, "an empty group", "None", at => Commit(at, "", "", -1)),
    ];

    private static FindCoordinatorRequest Find(sbyte type, string key) => new()
    {
        KeyType = type,
        CoordinatorKeys = [key],
    };

    private static OffsetCommitRequest Commit(Existing at, string group, string member, int epoch) => new()
    {
        GroupId = group,
        MemberId = member,
        GenerationIdOrMemberEpoch = epoch,
        Topics = [new() { TopicId = at.TopicId, Partitions = [new() { CommittedOffset = 1 }] }],
    };

    private static JoinGroupRequest Join(string group, int sessionMs, string member = "") => new()
    {
        GroupId = group,
        SessionTimeoutMs = sessionMs,
        RebalanceTimeoutMs = 1000,
        MemberId = member,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = new byte[] { 0 } }],
    };

    private static SyncGroupRequest Sync(string group) => new()
    {
        GroupId = group,
        GenerationId = 1,
        MemberId = "nobody",
        ProtocolType = "consumer",
        ProtocolName = "range",
    };
}
