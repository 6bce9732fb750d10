using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Groups;
using Millrace.Broker.Requests.Share;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Groups.Share;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Share;

/// <summary>The parts that serve share groups on this node, put together (KIP-932).</summary>
internal sealed class ShareGroups
{
    private readonly TopicPartitions _topics;
    private readonly SharedPartitions _shared;
    private readonly ShareSessionCache _sessions;
    private readonly GroupCoordinators _groups;

    /// <param name="topics">What is read.</param>
    /// <param name="groups">Who knows the members.</param>
    /// <param name="timers">Where locks end.</param>
    /// <param name="settings">The broker's own.</param>
    /// <param name="log">Hears of states that can't be served.</param>
    public ShareGroups(
        TopicPartitions topics, GroupCoordinators groups, ILoop timers, BrokerSettings settings, Action<string> log)
    {
        _groups = groups;
        _topics = topics;
        Coordinators = new ShareCoordinators(timers, settings) { Log = log };
        _shared = new SharedPartitions(Coordinators, timers, new ShareGroupSettings(settings, () => Configs()).Of);
        _sessions = new ShareSessionCache(_shared, settings.Int("group.share.max.share.sessions"));
        topics.OnRemoved = topic => _shared.Drop(topic.Id);
    }

    public ShareCoordinators Coordinators { get; }

    /// <summary>Null before <see cref="Start"/>.</summary>
    public ShareGroupStates? States { get; private set; }

    /// <summary>What the cluster has been told of groups by now.</summary>
    public Func<ConfigsImage> Configs { get; set; } = () => ConfigsImage.Empty;

    /// <summary>Takes up what groups want of the share coordinator. Before the first of them is served.</summary>
    public void Start(ControllerShard controller)
    {
        Configs = () => controller.Image.Configs;
        States = new ShareGroupStates(_groups, Coordinators, _topics, controller);
        _groups.Send += message =>
        {
            if (message is InitializeShareStates wanted)
                States.Begin(wanted);
        };
    }

    /// <summary>The handlers of what members ask the leader of partitions, and leaders the share coordinator.</summary>
    public IEnumerable<KeyValuePair<ApiKey, RequestHandler>> PartitionHandlers() =>
    [
        new(ApiKey.ShareFetch, new ShareFetchHandler(_topics, _shared, _sessions)),
        new(ApiKey.ShareAcknowledge, new ShareAcknowledgeHandler(_topics, _shared, _sessions)),
        new(ApiKey.InitializeShareGroupState, new InitializeShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.ReadShareGroupState, new ReadShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.WriteShareGroupState, new WriteShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.DeleteShareGroupState, new DeleteShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.ReadShareGroupStateSummary, new ReadShareGroupStateSummaryHandler(_topics, Coordinators)),
    ];

    /// <summary>Those, and the handlers of what is asked about groups.</summary>
    public IEnumerable<KeyValuePair<ApiKey, RequestHandler>> Handlers() =>
    [
        .. PartitionHandlers(),
        new(ApiKey.ShareGroupHeartbeat, new ShareGroupHeartbeatHandler(_groups)),
        new(ApiKey.ShareGroupDescribe, new ShareGroupDescribeHandler(_groups)),
        new(ApiKey.DescribeShareGroupOffsets, new DescribeShareGroupOffsetsHandler(_groups, Coordinators, _topics)),
        new(ApiKey.AlterShareGroupOffsets, new AlterShareGroupOffsetsHandler(_topics, States!)),
        new(ApiKey.DeleteShareGroupOffsets, new DeleteShareGroupOffsetsHandler(_groups, _topics, States!)),
        new(ApiKey.DeleteGroups, new DeleteGroupsHandler(_groups, States!)),
    ];
}
