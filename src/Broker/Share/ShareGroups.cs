using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Share;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Share;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Share;

/// <summary>The parts that serve share groups on this node, put together (KIP-932).</summary>
internal sealed class ShareGroups
{
    private readonly TopicPartitions _topics;
    private readonly SharedPartitions _shared;
    private readonly ShareSessionCache _sessions;

    /// <param name="topics">What is read.</param>
    /// <param name="timers">Where locks end.</param>
    /// <param name="settings">The broker's own.</param>
    /// <param name="log">Hears of states that can't be served.</param>
    public ShareGroups(TopicPartitions topics, ILoop timers, BrokerSettings settings, Action<string> log)
    {
        _topics = topics;
        Coordinators = new ShareCoordinators(timers, settings) { Log = log };
        _shared = new SharedPartitions(Coordinators, timers, new ShareGroupSettings(settings, () => Configs()).Of);
        _sessions = new ShareSessionCache(_shared, settings.Int("group.share.max.share.sessions"));
        topics.OnRemoved = topic => _shared.Drop(topic.Id);
    }

    public ShareCoordinators Coordinators { get; }

    /// <summary>What the cluster has been told of groups by now.</summary>
    public Func<ConfigsImage> Configs { get; set; } = () => ConfigsImage.Empty;

    /// <summary>The handlers of what members ask the leader of partitions, and leaders the share coordinator.</summary>
    public IEnumerable<KeyValuePair<ApiKey, RequestHandler>> Handlers() =>
    [
        new(ApiKey.ShareFetch, new ShareFetchHandler(_topics, _shared, _sessions)),
        new(ApiKey.ShareAcknowledge, new ShareAcknowledgeHandler(_topics, _shared, _sessions)),
        new(ApiKey.InitializeShareGroupState, new InitializeShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.ReadShareGroupState, new ReadShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.WriteShareGroupState, new WriteShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.DeleteShareGroupState, new DeleteShareGroupStateHandler(_topics, Coordinators)),
        new(ApiKey.ReadShareGroupStateSummary, new ReadShareGroupStateSummaryHandler(_topics, Coordinators)),
    ];
}
