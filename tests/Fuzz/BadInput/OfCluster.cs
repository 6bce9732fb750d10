using Millrace.Protocol.Messages;
using static Millrace.Fuzz.BadInput.Existing;
using Uuid = Millrace.Protocol.Wire.Uuid;

namespace Millrace.Fuzz.BadInput;

/// <summary>Bad requests about the cluster, its nodes, and metrics of clients.</summary>
internal static class OfCluster
{
    public static BadRow[] Rows { get; } =
    [
        new(ApiKey.ApiVersions, "software with an illegal name", "InvalidRequest", _ => new ApiVersionsRequest
        {
            ClientSoftwareName = "a b c",
            ClientSoftwareVersion = "1",
        }),
        new(ApiKey.ApiVersions, "software without a name", "InvalidRequest", _ => new ApiVersionsRequest()),
        new(ApiKey.DescribeCluster, "an endpoint that nobody knows", "UnsupportedEndpointType",
            _ => new DescribeClusterRequest
            {
                EndpointType = 9,
            }),
        new(ApiKey.DescribeLogDirs, "an unknown topic", "None", _ => new DescribeLogDirsRequest
        {
            Topics = [new() { Topic = "unknown", Partitions = [0, -1] }],
        }),
        new(ApiKey.AlterReplicaLogDirs, "a folder that nobody has", "LogDirNotFound",
            _ => new AlterReplicaLogDirsRequest
            {
                Dirs = [new() { Path = "/nowhere", Topics = [new() { Name = Topic, Partitions = [0] }] }],
            }),
        new(ApiKey.AlterReplicaLogDirs, "a path that is relative", "LogDirNotFound", _ => new AlterReplicaLogDirsRequest
        {
            Dirs = [new() { Path = "nowhere", Topics = [new() { Name = Topic, Partitions = [0] }] }],
        }),
        new(ApiKey.ElectLeaders, "an unknown partition", "UnknownTopicOrPartition", _ => Elect(0, 9)),
        new(ApiKey.ElectLeaders, "a type that nobody knows", "InvalidRequest", _ => Elect(9, 0)),
        new(ApiKey.AlterPartitionReassignments, "an unknown broker", "InvalidReplicaAssignment",
            _ => Reassign(Topic, [77])),
        new(ApiKey.AlterPartitionReassignments, "no replicas", "InvalidReplicaAssignment", _ => Reassign(Topic, [])),
        new(ApiKey.AlterPartitionReassignments, "an unknown topic", "UnknownTopicOrPartition",
            _ => Reassign("unknown", [1])),
        new(ApiKey.AlterPartitionReassignments, "nothing to cancel", "NoReassignmentInProgress",
            _ => Reassign(Topic, null)),
        new(ApiKey.ListPartitionReassignments, "an unknown topic", "None", _ => new ListPartitionReassignmentsRequest
        {
            Topics = [new() { Name = "unknown", PartitionIndexes = [0] }],
        }),
        new(ApiKey.DescribeQuorum, "no topics", "None", _ => new DescribeQuorumRequest()),
        new(ApiKey.DescribeQuorum, "a topic that has no quorum", "UnknownTopicOrPartition",
            _ => new DescribeQuorumRequest
            {
                Topics = [new() { TopicName = Topic, Partitions = [new()] }],
            }),
        new(ApiKey.UpdateFeatures, "a feature that nobody knows", "InvalidUpdateVersion", _ => Feature("nothing", 1)),
        new(ApiKey.UpdateFeatures, "a level that nobody knows", "InvalidUpdateVersion",
            _ => Feature("metadata.version", 9999)),
        new(ApiKey.UpdateFeatures, "a level below zero", "InvalidUpdateVersion", _ => Feature("group.version", -7)),
        new(ApiKey.UnregisterBroker, "an unknown broker", "BrokerIdNotRegistered",
            _ => new UnregisterBrokerRequest { BrokerId = 77 }),
        new(ApiKey.UnregisterController, "an unknown controller", "ControllerIdNotRegistered",
            _ => new UnregisterControllerRequest { ControllerId = 77 }),
        new(ApiKey.AddRaftVoter, "another cluster", "InconsistentClusterId", _ => new AddRaftVoterRequest
        {
            ClusterId = "another",
            VoterId = 77,
        }),
        new(ApiKey.RemoveRaftVoter, "another cluster", "InconsistentClusterId", _ => new RemoveRaftVoterRequest
        {
            ClusterId = "another",
            VoterId = 77,
        }),
        new(ApiKey.GetTelemetrySubscriptions, "no instance id", "None", _ => new GetTelemetrySubscriptionsRequest()),
        new(ApiKey.PushTelemetry, "no instance id", "InvalidRequest", _ => new PushTelemetryRequest()),
        new(ApiKey.PushTelemetry, "a subscription that nobody has", "UnknownSubscriptionId",
            _ => new PushTelemetryRequest
            {
                ClientInstanceId = new Uuid(7, 7),
                SubscriptionId = 77,
            }),
        new(ApiKey.PushTelemetry, "a huge codec", "UnknownSubscriptionId", _ => new PushTelemetryRequest
        {
            ClientInstanceId = new Uuid(7, 8),
            CompressionType = 99,
        }),
    ];

    private static ElectLeadersRequest Elect(sbyte type, int partition) => new()
    {
        ElectionType = type,
        TopicPartitions = [new() { Topic = Topic, Partitions = [partition] }],
        TimeoutMs = 1000,
    };

    private static AlterPartitionReassignmentsRequest Reassign(string topic, List<int>? replicas) => new()
    {
        TimeoutMs = 1000,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Replicas = replicas }] }],
    };

    private static UpdateFeaturesRequest Feature(string name, short level) => new()
    {
        TimeoutMs = 1000,
        FeatureUpdates = [new() { Feature = name, MaxVersionLevel = level, UpgradeType = 1 }],
        ValidateOnly = true,
    };
}
