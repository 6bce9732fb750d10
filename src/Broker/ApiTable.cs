using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Fetching;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Admin;
using Millrace.Broker.Requests.Configs;
using Millrace.Broker.Requests.Groups;
using Millrace.Broker.Requests.Security;
using Millrace.Broker.Requests.Telemetry;
using Millrace.Broker.Requests.Transactions;
using Millrace.Broker.Share;
using Millrace.Broker.Telemetry;
using Millrace.Core.Configs;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;

namespace Millrace.Broker;

/// <summary>
/// The one table of APIs that a node serves, and what their handlers work with. Built once.
/// </summary>
internal sealed class ApiTable
{
    public required NodeIdentity Node { get; init; }

    public required BrokerSettings Settings { get; init; }

    public required TopicPartitions Topics { get; init; }

    public required CheckpointTask Checkpoints { get; init; }

    public required ControllerShard Controller { get; init; }

    public required GroupCoordinators Groups { get; init; }

    public required ShareGroups Share { get; init; }

    public required TransactionCoordinators Transactions { get; init; }

    public required MarkerWriter Markers { get; init; }

    public required ILogDirectory LogDirectory { get; init; }

    public required ClientTelemetry Telemetry { get; init; }

    public required IRandomness Randomness { get; init; }

    public RequestDispatcher Dispatcher()
    {
        var apiVersions = new ApiVersionsHandler(Node, () => Controller.FinalizedFeatures)
        {
            WantsClientMetrics = () => Controller.Image.Configs.WantsClientMetrics,
        };
        var dispatcher = new RequestDispatcher(
            new Dictionary<ApiKey, RequestHandler>(Handlers()) { [ApiKey.ApiVersions] = apiVersions });
        apiVersions.Dispatcher = dispatcher;
        return dispatcher;
    }

    /// <summary>All but ApiVersions, which tells of the table itself.</summary>
    public Dictionary<ApiKey, RequestHandler> Handlers()
    {
        var verifier = new TransactionVerifier(Transactions);
        return new(
        [
            .. OfRecords(verifier), .. OfGroups(), .. Share.Handlers(), .. OfTransactions(verifier), .. OfTopics(),
            .. OfCluster(), .. OfSecurity(),
        ]);
    }

    private Dictionary<ApiKey, RequestHandler> OfRecords(TransactionVerifier verifier) => new()
    {
        [ApiKey.Produce] = new ProduceHandler(Topics, verifier),
        [ApiKey.Fetch] = new FetchHandler(
            Topics, Settings, new FetchSessions(Settings.Int(FetchSessions.Slots), Randomness)),
        [ApiKey.ListOffsets] = new ListOffsetsHandler(Topics),
        [ApiKey.OffsetForLeaderEpoch] = new OffsetForLeaderEpochHandler(Topics),
        [ApiKey.DeleteRecords] = new DeleteRecordsHandler(Topics, Checkpoints),
        [ApiKey.Metadata] = new MetadataHandler(Topics, Controller, Node, Settings),
        [ApiKey.DescribeTopicPartitions] = new DescribeTopicPartitionsHandler(Topics, Node, Settings),
    };

    private Dictionary<ApiKey, RequestHandler> OfGroups() => new()
    {
        [ApiKey.FindCoordinator] = new FindCoordinatorHandler(Topics, Controller, Node),
        [ApiKey.OffsetCommit] = new OffsetCommitHandler(Groups, Topics),
        [ApiKey.OffsetFetch] = new OffsetFetchHandler(Groups, Topics),
        [ApiKey.OffsetDelete] = new OffsetDeleteHandler(Groups, Topics),
        [ApiKey.JoinGroup] = new JoinGroupHandler(Groups),
        [ApiKey.Heartbeat] = new HeartbeatHandler(Groups),
        [ApiKey.LeaveGroup] = new LeaveGroupHandler(Groups),
        [ApiKey.SyncGroup] = new SyncGroupHandler(Groups),
        [ApiKey.DescribeGroups] = new DescribeGroupsHandler(Groups),
        [ApiKey.ListGroups] = new ListGroupsHandler(Groups),
        [ApiKey.ConsumerGroupHeartbeat] = new ConsumerGroupHeartbeatHandler(Groups),
        [ApiKey.ConsumerGroupDescribe] = new ConsumerGroupDescribeHandler(Groups),
        [ApiKey.StreamsGroupHeartbeat] = new StreamsGroupHeartbeatHandler(Groups),
        [ApiKey.StreamsGroupDescribe] = new StreamsGroupDescribeHandler(Groups),
        [ApiKey.StreamsGroupTopologyDescriptionUpdate] = new StreamsGroupTopologyDescriptionUpdateHandler(),
    };

    private Dictionary<ApiKey, RequestHandler> OfTransactions(TransactionVerifier verifier)
    {
        var producerIds = new ProducerIds(Controller);
        return new()
        {
            [ApiKey.InitProducerId] = new InitProducerIdHandler(producerIds, Transactions),
            [ApiKey.AddPartitionsToTxn] = new AddPartitionsToTxnHandler(Transactions, Topics),
            [ApiKey.AddOffsetsToTxn] = new AddOffsetsToTxnHandler(Transactions, Groups),
            [ApiKey.EndTxn] = new EndTxnHandler(producerIds, Transactions),
            [ApiKey.WriteTxnMarkers] = new WriteTxnMarkersHandler(Markers),
            [ApiKey.TxnOffsetCommit] = new TxnOffsetCommitHandler(verifier, Groups, Topics),
            [ApiKey.DescribeTransactions] = new DescribeTransactionsHandler(Transactions),
            [ApiKey.ListTransactions] = new ListTransactionsHandler(Transactions),
            [ApiKey.DescribeProducers] = new DescribeProducersHandler(Topics),
        };
    }

    private Dictionary<ApiKey, RequestHandler> OfTopics() => new()
    {
        [ApiKey.CreateTopics] = new CreateTopicsHandler(Controller),
        [ApiKey.DeleteTopics] = new DeleteTopicsHandler(Controller),
        [ApiKey.CreatePartitions] = new CreatePartitionsHandler(Controller),
        [ApiKey.DescribeConfigs] = new DescribeConfigsHandler(Controller, Settings),
        [ApiKey.AlterConfigs] = new AlterConfigsHandler(Controller),
        [ApiKey.IncrementalAlterConfigs] = new IncrementalAlterConfigsHandler(Controller),
        [ApiKey.ListConfigResources] = new ListConfigResourcesHandler(Controller, Node),
    };

    private Dictionary<ApiKey, RequestHandler> OfCluster() => new()
    {
        [ApiKey.DescribeCluster] = new DescribeClusterHandler(Node),
        [ApiKey.DescribeLogDirs] = new DescribeLogDirsHandler(Topics, LogDirectory),
        [ApiKey.AlterReplicaLogDirs] = new AlterReplicaLogDirsHandler(Topics, LogDirectory),
        [ApiKey.ElectLeaders] = new ElectLeadersHandler(Controller),
        [ApiKey.AlterPartitionReassignments] = new AlterPartitionReassignmentsHandler(Controller, Node),
        [ApiKey.ListPartitionReassignments] = new ListPartitionReassignmentsHandler(),
        [ApiKey.DescribeQuorum] = new DescribeQuorumHandler(Controller, Node),
        [ApiKey.UpdateFeatures] = new UpdateFeaturesHandler(Controller),
        [ApiKey.UnregisterBroker] = new UnregisterBrokerHandler(Controller, Node),
        [ApiKey.UnregisterController] = new UnregisterControllerHandler(Controller, Node),
        [ApiKey.AddRaftVoter] = new AddRaftVoterHandler(Node),
        [ApiKey.RemoveRaftVoter] = new RemoveRaftVoterHandler(Node),
        [ApiKey.GetTelemetrySubscriptions] = new GetTelemetrySubscriptionsHandler(Telemetry),
        [ApiKey.PushTelemetry] = new PushTelemetryHandler(Telemetry),
    };

    private Dictionary<ApiKey, RequestHandler> OfSecurity() => new()
    {
        [ApiKey.DescribeClientQuotas] = new DescribeClientQuotasHandler(Controller),
        [ApiKey.AlterClientQuotas] = new AlterClientQuotasHandler(Controller),
        [ApiKey.DescribeUserScramCredentials] = new DescribeUserScramCredentialsHandler(Controller),
        [ApiKey.AlterUserScramCredentials] = new AlterUserScramCredentialsHandler(Controller),
        [ApiKey.DescribeAcls] = new DescribeAclsHandler(),
        [ApiKey.CreateAcls] = new CreateAclsHandler(),
        [ApiKey.DeleteAcls] = new DeleteAclsHandler(),
        [ApiKey.SaslHandshake] = new SaslHandshakeHandler(),
        [ApiKey.SaslAuthenticate] = new SaslAuthenticateHandler(),
        [ApiKey.CreateDelegationToken] = new CreateDelegationTokenHandler(),
        [ApiKey.RenewDelegationToken] = new RenewDelegationTokenHandler(),
        [ApiKey.ExpireDelegationToken] = new ExpireDelegationTokenHandler(),
        [ApiKey.DescribeDelegationToken] = new DescribeDelegationTokenHandler(),
    };
}
