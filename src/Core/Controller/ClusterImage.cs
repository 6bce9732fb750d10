using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// All metadata of the cluster at one offset of the metadata log, a part for each kind. Immutable: readers keep one as
/// long as they like. What this node has no use for yet is kept as it was recorded, so that nothing is lost on the way
/// back to Kafka.
/// </summary>
internal sealed record ClusterImage
{
    public static readonly ClusterImage Empty = new();

    public FeaturesImage Features { get; init; } = FeaturesImage.Empty;

    public BrokersImage Brokers { get; init; } = BrokersImage.Empty;

    public TopicsImage Topics { get; init; } = TopicsImage.Empty;

    /// <summary>What is set for anything but topics, which have their own.</summary>
    public ConfigsImage Configs { get; init; } = ConfigsImage.Empty;

    public ClientQuotasImage ClientQuotas { get; init; } = ClientQuotasImage.Empty;

    public AclsImage Acls { get; init; } = AclsImage.Empty;

    public ScramImage Scram { get; init; } = ScramImage.Empty;

    public DelegationTokensImage DelegationTokens { get; init; } = DelegationTokensImage.Empty;

    public long NextProducerId { get; init; }

    public TopicImage? Find(string name) => Topics.Find(name);

    public TopicImage? Find(Uuid id) => Topics.Find(id);

    public ClusterImage With(TopicImage topic) => this with { Topics = Topics.With(topic) };

    public ClusterImage Without(TopicImage topic) => this with { Topics = Topics.Without(topic) };

    /// <summary>The image one record later. What says nothing about the cluster's state changes nothing.</summary>
    public ClusterImage Replay(IMessage record) => record switch
    {
        TopicRecord or PartitionRecord or PartitionChangeRecord or RemoveTopicRecord or ClearElrRecord =>
            this with { Topics = Topics.Replay(record) },
        ConfigRecord { ResourceType: (sbyte)ConfigResource.Topic } config =>
            this with { Topics = Topics.Replay(config) },
        ConfigRecord config => this with { Configs = Configs.Replay(config) },
        FeatureLevelRecord feature => this with { Features = Features.Replay(feature) },
        RegisterBrokerRecord or UnregisterBrokerRecord or BrokerRegistrationChangeRecord or FenceBrokerRecord
            or UnfenceBrokerRecord or RegisterControllerRecord or UnregisterControllerRecord =>
            this with { Brokers = Brokers.Replay(record) },
        ClientQuotaRecord quota => this with { ClientQuotas = ClientQuotas.Replay(quota) },
        AccessControlEntryRecord or RemoveAccessControlEntryRecord => this with { Acls = Acls.Replay(record) },
        UserScramCredentialRecord or RemoveUserScramCredentialRecord => this with { Scram = Scram.Replay(record) },
        DelegationTokenRecord or RemoveDelegationTokenRecord =>
            this with { DelegationTokens = DelegationTokens.Replay(record) },
        ProducerIdsRecord block => this with { NextProducerId = block.NextProducerId },
        NoOpRecord or ZkMigrationStateRecord => this,
        _ => throw new ArgumentException($"{record.GetType().Name} changes no image."),
    };

    /// <summary>
    /// Records that make this image of the empty one, in the order of Kafka's snapshots: levels of features first.
    /// </summary>
    public IEnumerable<IMessage> Records()
    {
        IEnumerable<IMessage> producerIds = NextProducerId == 0
            ? []
            : [new ProducerIdsRecord { BrokerId = -1, NextProducerId = NextProducerId }];
        return
        [
            .. Features.Records(), .. Brokers.Records(), .. Topics.Records(), .. Configs.Records(),
            .. ClientQuotas.Records(), .. producerIds, .. Acls.Records(), .. Scram.Records(),
            .. DelegationTokens.Records(),
        ];
    }
}
